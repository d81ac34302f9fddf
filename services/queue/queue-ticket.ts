/** Queue tickets: signed statements of (event, client, place in line) that clients keep. */
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import type { ClientRef, PlaceInLine } from "./waiting-room-store.ts";

/**
 * unknown: signed with a key that is not, or no longer, among ours.
 * wrong: not a ticket, tampered with, or somebody else's.
 */
export type TicketReading =
  | { readonly result: "genuine"; readonly place: PlaceInLine }
  | { readonly result: "unknown" }
  | { readonly result: "wrong"; readonly because: string };

type Statement = readonly [
  eventId: number,
  clientId: string,
  sequence: number,
  joinedAtMs: number,
  epoch: string,
];

interface TicketKey {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * At most 556 characters; the header may have 1,024. The longest statement that we make, of a
 * client id of 64 characters that all need escaping and an epoch of as many, has 336.
 */
const SHAPE = /^([\w-]{11})\.([\w-]{1,500})\.([\w-]{43})$/;

/**
 * `keyName.statement.mac`, each part base64url; the statement is the JSON array [event, client,
 * sequence, joinedAtMs, epoch] and the MAC HMAC-SHA-256 over the two parts before it. A ticket says
 * where a client once stood; whether it may stand there again is for the store to say.
 */
export class QueueTickets {
  readonly #signing: TicketKey;
  readonly #byName: ReadonlyMap<string, TicketKey>;

  /**
   * `secrets`: texts that cannot be guessed, the same in all processes that are to honour each
   * other's tickets. The first signs, all verify.
   */
  constructor(secrets: readonly string[]) {
    const [signing, ...others] = secrets.map(keyOf);
    if (!signing) throw new Error("queue tickets need a key");
    this.#signing = signing;
    this.#byName = new Map([signing, ...others].map((key) => [key.name, key]));
  }

  issue({ eventId, clientId }: ClientRef, { sequence, joinedAtMs, epoch }: PlaceInLine): string {
    const statement: Statement = [eventId, clientId, sequence, joinedAtMs, epoch];
    const text = Buffer.from(JSON.stringify(statement)).toString("base64url");
    const signed = `${this.#signing.name}.${text}`;
    return `${signed}.${macOf(this.#signing, signed)}`;
  }

  read(ticket: string, { eventId, clientId }: ClientRef): TicketReading {
    const parts = SHAPE.exec(ticket);
    if (!parts) return { result: "wrong", because: "is not a queue ticket" };
    const [, keyName, text, mac] = parts as unknown as readonly [string, string, string, string];
    const key = this.#byName.get(keyName);
    if (!key) return { result: "unknown" };
    // As texts, of 43 characters each: the last one of a base64url part has bits that do not count.
    if (!timingSafeEqual(Buffer.from(mac), Buffer.from(macOf(key, `${keyName}.${text}`)))) {
      return { result: "wrong", because: "has a wrong signature" };
    }
    // Ours, so it is what `issue` wrote.
    const [event, client, sequence, joinedAtMs, epoch] = JSON.parse(
      Buffer.from(text, "base64url").toString(),
    ) as Statement;
    if (event !== eventId || client !== clientId) {
      return { result: "wrong", because: "belongs to another client or event" };
    }
    return { result: "genuine", place: { sequence, joinedAtMs, epoch } };
  }
}

/** Derived for this use alone, so that a secret with a second use gives nothing away here. */
function keyOf(secret: string): TicketKey {
  const derive = (use: string, bytes: number) =>
    Buffer.from(hkdfSync("sha256", secret, "", `reservex queue ticket ${use}`, bytes));
  return { name: derive("name", 8).toString("base64url"), bytes: derive("key", 32) };
}

function macOf(key: TicketKey, text: string): string {
  return createHmac("sha256", key.bytes).update(text).digest("base64url");
}
