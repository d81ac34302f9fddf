/** What the ticket service said of events, remembered for a short while. */
import type { Clock } from "../common/clock.ts";
import type { EventForSale } from "../common/contracts/ticket.ts";
import type { Sale } from "./admission.ts";

/** So old it is asked for again, behind the back of whoever looks. */
const FRESH_MS = 2_000;
/** So old nothing may be decided by it: a gate that cannot ask is closed. */
const USABLE_MS = 30_000;
/** An event that was not there may be made at any time. */
const MISSING_MS = 1_000;
/** Events remembered, and ids remembered as no event's. */
const MOST_KNOWN = 10_000;
const MOST_MISSING = 1_000;

export type FoundSale = { readonly found: true; readonly sale: Sale } | { readonly found: false };

interface Known {
  readonly sale: Sale;
  /** -Infinity: something has changed since. */
  readonly readAtMs: number;
}

export interface EventSalesOptions {
  /** Rejects when the ticket service does not answer. */
  readonly ask: (eventId: number) => Promise<EventForSale>;
  readonly clock: Clock;
  /** Told when the ticket service falls silent, once until it answers again. */
  readonly onUnanswered: (error: unknown) => void;
}

export class EventSales {
  readonly #options: EventSalesOptions;
  readonly #known = new Map<number, Known>();
  readonly #missing = new Map<number, number>();
  /** One question an event at a time. */
  readonly #asking = new Map<number, Promise<FoundSale>>();
  #silent = false;

  constructor(options: EventSalesOptions) {
    this.#options = options;
  }

  /**
   * The event's sale. Only the first question, and one after a long silence, is waited for.
   * Rejects when nothing usable is known and the ticket service does not answer.
   */
  async find(eventId: number): Promise<FoundSale> {
    const sale = this.use(eventId);
    if (sale) return { found: true, sale };
    const missingSinceMs = this.#missing.get(eventId);
    if (missingSinceMs !== undefined && this.#age(missingSinceMs) < MISSING_MS) {
      return { found: false };
    }
    return this.#ask(eventId);
  }

  /** What may be acted on at once; undefined: nothing is known well enough. Asks ahead when old. */
  use(eventId: number): Sale | undefined {
    const known = this.#known.get(eventId);
    if (!known) return undefined;
    const age = this.#age(known.readAtMs);
    if (age >= FRESH_MS) this.lookAgain(eventId);
    return age < USABLE_MS ? known.sale : undefined;
  }

  /** Whatever was last heard, however old: for advice only. Never asks. */
  lastHeard(eventId: number): Sale | undefined {
    return this.#known.get(eventId)?.sale;
  }

  /** Asks without anybody waiting. */
  lookAgain(eventId: number): void {
    // Whoever waits for it sees the error; here nobody does.
    this.#ask(eventId).catch(() => undefined);
  }

  /**
   * The event has changed: what was heard, or is being asked, counts no longer. An event known here
   * is asked for at once; resolves when its answer is there, or has failed to come.
   */
  async changed(eventId: number): Promise<void> {
    this.#missing.delete(eventId);
    this.#asking.delete(eventId);
    const known = this.#known.get(eventId);
    if (!known) return;
    this.#known.set(eventId, { sale: known.sale, readAtMs: -Infinity });
    await this.#ask(eventId).catch(() => undefined);
  }

  #ask(eventId: number): Promise<FoundSale> {
    const under = this.#asking.get(eventId);
    if (under) return under;
    const asking = this.#options.ask(eventId).then(
      (answer) => {
        this.#silent = false;
        // Overtaken by `changed`: the answer may be of before.
        if (this.#asking.get(eventId) !== asking) return this.find(eventId);
        this.#asking.delete(eventId);
        return this.#hear(eventId, answer);
      },
      (error) => {
        if (this.#asking.get(eventId) === asking) this.#asking.delete(eventId);
        if (!this.#silent) this.#options.onUnanswered(error);
        this.#silent = true;
        throw error;
      },
    );
    this.#asking.set(eventId, asking);
    return asking;
  }

  #hear(eventId: number, answer: EventForSale): FoundSale {
    const readAtMs = this.#options.clock.now();
    if (!answer.found) {
      this.#known.delete(eventId);
      keep(this.#missing, eventId, readAtMs, MOST_MISSING);
      return answer;
    }
    const sale: Sale = {
      opensAtMs: Date.parse(answer.saleStartAt),
      closesAtMs: Date.parse(answer.saleEndAt),
      cancelled: answer.cancelled,
    };
    this.#missing.delete(eventId);
    keep(this.#known, eventId, { sale, readAtMs }, MOST_KNOWN);
    return { found: true, sale };
  }

  /** A clock that stepped back makes things old, never young. */
  #age(readAtMs: number): number {
    return Math.abs(this.#options.clock.now() - readAtMs);
  }
}

/** The longest kept goes first: a Map keeps the order of insertion. */
function keep<V>(map: Map<number, V>, key: number, value: V, most: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= most) return;
  const oldest = map.keys().next();
  if (!oldest.done) map.delete(oldest.value);
}
