/**
 * Carries a stream of any length over NATS: in pieces that the server lets through, each sent once
 * the one before is safely there, with a count and a hash at the end. What does not come whole,
 * does not come.
 */
import { createHash, type Hash } from "node:crypto";
import type { NatsConnection, Payload } from "nats";
import { askAgain } from "./ask-again.ts";
import { HEARD, type Heard } from "./far-messages.ts";

/** Of one piece. A server lets 1 MiB through unless told otherwise; smaller ones share the wire. */
const MOST_BYTES = 256 * 1_024;
/** Kind and number. */
const HEAD_BYTES = 5;
/** Left to the subject and the protocol's own words. */
const OTHER_BYTES = 1_024;
const DATA = 0;
const END = 1;

/** At the parcel's end. */
interface Seal {
  readonly bytes: number;
  readonly sha256: string;
}

/** How much of a parcel fits in one message of this connection. */
export function pieceBytes(nats: Pick<NatsConnection, "info">): number {
  const most = nats.info?.max_payload ?? MOST_BYTES;
  return Math.max(64, Math.min(MOST_BYTES, most - OTHER_BYTES) - HEAD_BYTES);
}

/**
 * Sends all of `source`, however its pieces are cut. A piece that nobody acknowledges is repeated
 * for `patienceMs`. Rejects with Error where the other side refuses it or stays silent.
 */
export async function sendParcel(
  nats: NatsConnection,
  subject: string,
  source: AsyncIterable<Uint8Array>,
  patienceMs: number,
): Promise<void> {
  const hash = createHash("sha256");
  let number = 0;
  let bytes = 0;
  const deliver = async (kind: number, data: Uint8Array) => {
    const heard = await askAgain<Heard>(nats, subject, pieceOf(kind, number, data), patienceMs);
    if (!heard.ok) throw new Error(heard.because);
    number += 1;
  };
  for await (const piece of inPieces(source, pieceBytes(nats))) {
    hash.update(piece);
    bytes += piece.length;
    await deliver(DATA, piece);
  }
  const seal: Seal = { bytes, sha256: hash.digest("hex") };
  await deliver(END, Buffer.from(JSON.stringify(seal)));
}

function pieceOf(kind: number, number: number, data: Uint8Array): Payload {
  const piece = Buffer.alloc(HEAD_BYTES + data.length);
  piece.writeUInt8(kind, 0);
  piece.writeUInt32BE(number, 1);
  piece.set(data, HEAD_BYTES);
  return piece;
}

async function* inPieces(source: AsyncIterable<Uint8Array>, most: number) {
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; at += most) yield chunk.subarray(at, at + most);
  }
}

export interface ParcelSink {
  /** Resolves when the bytes are safe: the next ones are not sent before. */
  write(bytes: Uint8Array): Promise<void>;
  /** All of it is there, and is what was sent. */
  whole(): Promise<void>;
}

/** Takes the pieces of one parcel. */
export class ParcelReceiver {
  readonly #sink: ParcelSink;
  readonly #mostBytes: number;
  readonly #hash: Hash = createHash("sha256");
  #next = 0;
  #bytes = 0;
  /** One piece at a time, and the answer to the last one for a sender that did not hear it. */
  #turn: Promise<Heard> = Promise.resolve(HEARD);

  /** Refuses more than `mostBytes`. */
  constructor(sink: ParcelSink, mostBytes: number) {
    this.#sink = sink;
    this.#mostBytes = mostBytes;
  }

  /** What to answer to a message of the parcel. Never rejects. */
  take(data: Uint8Array): Promise<Heard> {
    const turn = this.#turn.then((before) => this.#takeOne(data, before));
    this.#turn = turn.catch((error: unknown) => {
      return { ok: false, because: error instanceof Error ? error.message : String(error) };
    });
    return this.#turn;
  }

  async #takeOne(data: Uint8Array, before: Heard): Promise<Heard> {
    const piece = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    const number = piece.readUInt32BE(1);
    // The same once more: its acknowledgement was lost.
    if (!before.ok || number === this.#next - 1) return before;
    if (number !== this.#next) return { ok: false, because: `piece ${this.#next} is missing` };
    const content = piece.subarray(HEAD_BYTES);
    this.#next += 1;
    return piece.readUInt8(0) === END ? this.#seal(content) : this.#keep(content);
  }

  async #keep(content: Buffer): Promise<Heard> {
    this.#bytes += content.length;
    if (this.#bytes > this.#mostBytes) {
      return { ok: false, because: `more than ${this.#mostBytes} bytes are not taken` };
    }
    this.#hash.update(content);
    await this.#sink.write(content);
    return HEARD;
  }

  async #seal(content: Buffer): Promise<Heard> {
    const { bytes, sha256 } = JSON.parse(content.toString()) as Seal;
    if (bytes !== this.#bytes || sha256 !== this.#hash.digest("hex")) {
      return { ok: false, because: `${this.#bytes} of ${bytes} bytes came, or not as they were` };
    }
    await this.#sink.whole();
    return HEARD;
  }
}
