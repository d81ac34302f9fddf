/** Queue tickets: signed statements of (event, client, place in line) that clients keep. */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { ClientRef, PlaceInLine } from "./waiting-room-store.ts";

/**
 * unknown: signed with a key that this process does not have, most likely before a restart.
 * wrong: not a ticket, tampered with, or somebody else's.
 */
export type TicketReading =
  | { readonly result: "genuine"; readonly place: PlaceInLine }
  | { readonly result: "unknown" }
  | { readonly result: "wrong"; readonly because: string };

const SHAPE = /^([\w-]{11})\.([\w-]{1,500})\.([\w-]{43})$/;

/**
 * `keyName.statement.mac`, each part base64url; the statement is the JSON array [event, client,
 * sequence, joinedAtMs] and the MAC HMAC-SHA-256 over the two parts before it. A ticket says where
 * a client once stood; whether it may stand there again is for the store to say.
 */
export class QueueTickets {
  readonly #key: Uint8Array;
  readonly #keyName: string;

  /** `key`: 32 random bytes, the same in all processes that are to honour each other's tickets. */
  constructor(key: Uint8Array) {
    this.#key = key;
    this.#keyName = createHash("sha256")
      .update("name")
      .update(key)
      .digest("base64url")
      .slice(0, 11);
  }

  issue({ eventId, clientId }: ClientRef, { sequence, joinedAtMs }: PlaceInLine): string {
    const statement = JSON.stringify([eventId, clientId, sequence, joinedAtMs]);
    const signed = `${this.#keyName}.${Buffer.from(statement).toString("base64url")}`;
    return `${signed}.${this.#mac(signed).toString("base64url")}`;
  }

  read(ticket: string, { eventId, clientId }: ClientRef): TicketReading {
    const parts = SHAPE.exec(ticket);
    if (!parts) return { result: "wrong", because: "is not a queue ticket" };
    const [, keyName, statement, mac] = parts;
    if (keyName !== this.#keyName) return { result: "unknown" };
    if (!timingSafeEqual(Buffer.from(mac!, "base64url"), this.#mac(`${keyName}.${statement}`))) {
      return { result: "wrong", because: "has a wrong signature" };
    }
    // Ours, so it is what `issue` wrote.
    const [event, client, sequence, joinedAtMs] = JSON.parse(
      Buffer.from(statement!, "base64url").toString(),
    ) as [number, string, number, number];
    if (event !== eventId || client !== clientId) {
      return { result: "wrong", because: "belongs to another client or event" };
    }
    return { result: "genuine", place: { sequence, joinedAtMs } };
  }

  #mac(text: string): Buffer {
    return createHmac("sha256", this.#key).update(text).digest();
  }
}
