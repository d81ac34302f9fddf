/**
 * Reads HTTP/1.1 answers off a connection, one after the other and however their bytes are cut.
 * Never throws: what is no answer is "broken", and the request's fate is then unknown.
 */
import { ChunkReader } from "./http-chunks.ts";
import { type Head, headOf, rememberHead, sameHead } from "./http-head.ts";

/** `too-long`: the status is known, the body is longer than it may be and was not read on. */
export type Progress = "more" | "done" | "too-long" | "broken";

/** As Node's own limit. */
const MAX_HEAD_BYTES = 16_384;
const LEAST_ROOM_BYTES = 4_096;
const HEAD_END = "\r\n\r\n";

export class AnswerReader {
  readonly #maxBodyBytes: number;
  /** The beginning of a head whose end has not come yet. */
  #held: Buffer | undefined;
  #head: Head | undefined;
  #chunks: ChunkReader | undefined;
  /** Of a body that came in several reads: room for it, and so many bytes of it. */
  #body: Buffer | undefined;
  #bytes = 0;
  #text = "";
  #excess = false;

  constructor(maxBodyBytes: number) {
    this.#maxBodyBytes = maxBodyBytes;
  }

  /** Of the answer read last, or of the one whose head is there already. */
  get head(): Head | undefined {
    return this.#head;
  }

  /** The body of an answer that is done. */
  get text(): string {
    return this.#text;
  }

  /** Whether the connection can carry another request: not if more came than was asked for. */
  get reusable(): boolean {
    return !this.#excess && this.#head?.keepsAlive === true;
  }

  /** The next answer is awaited. */
  begin(): void {
    this.#held = undefined;
    this.#head = undefined;
    this.#chunks = undefined;
    this.#body = undefined;
    this.#bytes = 0;
    this.#text = "";
    this.#excess = false;
  }

  /** The first `length` bytes of `buffer` have come; whoever owns it may overwrite it afterwards. */
  take(buffer: Buffer, length: number): Progress {
    let at = 0;
    while (this.#head === undefined) {
      at = this.#takeHead(buffer, at, length);
      if (at < 0) return "broken";
      if (this.#head === undefined && at === length) return "more";
    }
    const { framing } = this.#head;
    switch (framing.by) {
      case "length":
        return this.#takeCounted(buffer, at, length, framing.bytes);
      case "chunks":
        return this.#takeChunks(buffer, at, length);
      case "close":
        return this.#takePiece(buffer, at, length) ? "more" : "too-long";
    }
  }

  /** The server has closed the connection: the end of an answer that ends so, and of no other. */
  end(): Progress {
    if (this.#head?.framing.by !== "close") return "broken";
    this.#text = this.#joined();
    return "done";
  }

  /** Where the head ended, or `length` while it has not; −1 for what is none. */
  #takeHead(buffer: Buffer, from: number, length: number): number {
    if (this.#held !== undefined) return this.#takeHeldHead(this.#held, buffer, from, length);
    const same = sameHead(buffer, from, length);
    if (same !== undefined) {
      this.#head = same.head;
      return from + same.bytes.length;
    }
    const end = endOfHead(buffer, from, length);
    if (end < 0) {
      this.#held = Buffer.from(buffer.subarray(from, length));
      return length - from > MAX_HEAD_BYTES ? -1 : length;
    }
    return this.#readHead(buffer, from, end) ? end + HEAD_END.length : -1;
  }

  /** The same where its beginning came before. */
  #takeHeldHead(held: Buffer, buffer: Buffer, from: number, length: number): number {
    const all = Buffer.concat([held, buffer.subarray(from, length)]);
    const end = endOfHead(all, Math.max(0, held.length - HEAD_END.length + 1), all.length);
    if (end < 0) {
      this.#held = all;
      return all.length > MAX_HEAD_BYTES ? -1 : length;
    }
    this.#held = undefined;
    return this.#readHead(all, 0, end) ? from + end + HEAD_END.length - held.length : -1;
  }

  #readHead(bytes: Buffer, from: number, end: number): boolean {
    if (end - from > MAX_HEAD_BYTES) return false;
    const head = headOf(bytes.toString("latin1", from, end));
    // 101 would hand the connection over to another protocol; nobody asked for that.
    if (head === undefined || head.status === 101) return false;
    // Any other interim answer (100, 102, 103) only says that the real one is still to come.
    if (head.status < 200) return true;
    this.#head = head;
    rememberHead(bytes.subarray(from, end + HEAD_END.length), head);
    return true;
  }

  #takeCounted(buffer: Buffer, at: number, length: number, bytes: number): Progress {
    const missing = bytes - this.#bytes;
    const end = Math.min(length, at + missing);
    if (end - at < missing) return this.#takePiece(buffer, at, end) ? "more" : "too-long";
    if (bytes > this.#maxBodyBytes) return "too-long";
    if (this.#body === undefined) {
      this.#text = buffer.toString("utf8", at, end);
    } else {
      this.#takePiece(buffer, at, end);
      this.#text = this.#joined();
    }
    this.#excess = end < length;
    return "done";
  }

  #takeChunks(buffer: Buffer, from: number, length: number): Progress {
    this.#chunks ??= new ChunkReader();
    const chunks = this.#chunks;
    let at = from;
    while (at < length && !chunks.ended) {
      const bytes = Math.min(chunks.dataBytes, length - at);
      if (bytes > 0) {
        if (!this.#takePiece(buffer, at, at + bytes)) return "too-long";
        chunks.took(bytes);
        at += bytes;
      } else {
        chunks.take(buffer[at]!);
        if (chunks.broken) return "broken";
        at += 1;
      }
    }
    if (!chunks.ended) return "more";
    this.#text = this.#joined();
    this.#excess = at < length;
    return "done";
  }

  /** False when the body is longer than it may be. */
  #takePiece(buffer: Buffer, from: number, to: number): boolean {
    this.#bytes += to - from;
    if (this.#bytes > this.#maxBodyBytes) return false;
    if (to === from) return true;
    if (this.#body === undefined || this.#body.length < this.#bytes) {
      const room = Buffer.allocUnsafe(Math.max(LEAST_ROOM_BYTES, this.#bytes * 2));
      this.#body?.copy(room);
      this.#body = room;
    }
    buffer.copy(this.#body, this.#bytes - (to - from), from, to);
    return true;
  }

  #joined(): string {
    const text = this.#body?.toString("utf8", 0, this.#bytes) ?? "";
    this.#body = undefined;
    return text;
  }
}

/** Where the empty line after a head begins; −1 where it is not between `from` and `length`. */
function endOfHead(bytes: Buffer, from: number, length: number): number {
  const end = bytes.indexOf(HEAD_END, from, "latin1");
  return end + HEAD_END.length <= length ? end : -1;
}
