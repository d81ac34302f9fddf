/**
 * Messages that their bus has given up on, in the database of the service that could not handle
 * them: seen by operators, tried again now and then, and at once when an operator says so. None is
 * dropped; one that is handled at last is gone from here and stands in the inbox.
 */
import type { DeadLetter, Handler, Ledger } from "../bus/bus.ts";
import { type Message, parseMessage } from "../contracts/messages.ts";
import type { Database, Transaction } from "../database.ts";
import { LIMITS } from "../limits.ts";
import type { Log } from "../log.ts";
import { handledOf } from "../outbox/outbox-store.ts";
import { WorkLoop } from "../work-loop.ts";
import {
  countLetters,
  forgetLetter,
  keepLetter,
  listLetters,
  lockDueLetter,
  makeDue,
  parkedOf,
  postponeLetter,
  readLetter,
  type StoredLetter,
} from "./dead-letter-store.ts";

/** A letter made due by another process is tried at most this late. */
const LOOK_EVERY_MS = 5_000;
const FIRST_RETRY_SECONDS = 60;
const LAST_RETRY_SECONDS = 3_600;

export interface DeadLettersOptions {
  readonly database: Database;
  readonly log: Log;
  /** The service's own, which marks its inbox. */
  readonly handler: Handler;
}

export class DeadLetters implements Ledger {
  readonly #options: DeadLettersOptions;
  readonly #loop: WorkLoop;
  /** Parked by this process since it started. */
  parked = 0;

  constructor(options: DeadLettersOptions) {
    this.#options = options;
    this.#loop = new WorkLoop({
      look: () => this.#look(),
      onError: (error) =>
        options.log.warn({ err: error }, "dead letters: not looked at, will try again"),
      retryMs: LOOK_EVERY_MS,
    });
  }

  start(): void {
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  async recall(messageIds: readonly string[]) {
    const { database } = this.#options;
    const [handled, parked] = await Promise.all([
      handledOf(database, messageIds),
      parkedOf(database, messageIds),
    ]);
    return { handled, parked };
  }

  /** What is no message is tried again only when an operator, or a newer version, asks for it. */
  async park(letter: DeadLetter): Promise<void> {
    const message = readMessage(letter.payload);
    const retrySeconds = message && FIRST_RETRY_SECONDS;
    await keepLetter(this.#options.database, storable(letter), message, retrySeconds);
    this.parked += 1;
  }

  list(after: string, limit: number): Promise<readonly StoredLetter[]> {
    return listLetters(this.#options.database, after, limit);
  }

  find(id: string): Promise<StoredLetter | undefined> {
    return readLetter(this.#options.database, id);
  }

  /** Has letters tried at once. @returns the ids of those that are there */
  async requeue(ids: readonly string[] | "all"): Promise<readonly string[]> {
    const due = await makeDue(this.#options.database, ids);
    this.#loop.wake();
    return due;
  }

  count(): Promise<number> {
    return countLetters(this.#options.database);
  }

  async #look(): Promise<number> {
    const tried = await this.#options.database.transaction((tx) => this.#tryOne(tx));
    return tried ? 0 : LOOK_EVERY_MS;
  }

  /**
   * The handler commits by itself, in a transaction of its own, while the letter is held: a crash
   * between the two leaves a letter whose message is in the inbox, and the next attempt ends it.
   */
  async #tryOne(tx: Transaction): Promise<boolean> {
    const letter = await lockDueLetter(tx);
    if (!letter) return false;
    const { log, handler } = this.#options;
    const message = readMessage(letter.payload);
    try {
      if (!message) throw new Error(letter.lastError);
      await handler(message);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const next = message && retrySeconds(letter.attempts);
      await postponeLetter(tx, letter.id, short(why), next);
      log.warn({ err: error, id: letter.id, type: letter.type, next }, "dead letter: failed again");
      return true;
    }
    await forgetLetter(tx, letter.id);
    log.info({ id: letter.id, type: letter.type }, "dead letter: handled at last");
    return true;
  }
}

/** A minute at first, doubling up to an hour. */
export function retrySeconds(attempts: number): number {
  return Math.min(LAST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** Math.min(attempts >> 2, 10));
}

function readMessage(payload: string): Message | undefined {
  try {
    return parseMessage(JSON.parse(payload));
  } catch {
    return undefined;
  }
}

/** Cut to what is worth keeping; PostgreSQL cannot store the character NUL. */
function storable(letter: DeadLetter): DeadLetter {
  const payload = letter.payload.slice(0, LIMITS.deadLetterCharacters).replaceAll("\0", "\uFFFD");
  const id = letter.id.replaceAll("\0", "\uFFFD");
  return { ...letter, id, payload, error: short(letter.error) };
}

function short(error: string): string {
  return error.replaceAll("\0", "\uFFFD").slice(0, 2_000);
}
