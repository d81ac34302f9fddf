/** Takes a chunked body apart (RFC 9112, 7.1), however its bytes are cut; knows sizes, holds no data. */

/** A size's line and the trailers each: more is no honest answer. */
const MAX_LINE_BYTES = 16_384;
/** 2^44 bytes; no body that large is read. */
const MAX_SIZE_DIGITS = 11;

const CR = 13;
const LF = 10;
const TAB = 9;
const SEMICOLON = 59;
const SPACE = 32;
const DELETE = 127;

type At =
  | "size"
  | "extension"
  | "size-end"
  | "data"
  | "data-cr"
  | "data-lf"
  | "trailer"
  | "trailer-line"
  | "trailer-lf"
  | "last-lf"
  | "end"
  | "broken";

export class ChunkReader {
  #at: At = "size";
  #digits = 0;
  #size = 0;
  #lineBytes = 0;

  /** Bytes of data that come next; 0 while something else does. */
  get dataBytes(): number {
    return this.#at === "data" ? this.#size : 0;
  }

  get ended(): boolean {
    return this.#at === "end";
  }

  get broken(): boolean {
    return this.#at === "broken";
  }

  /** So many bytes of the data were taken, no more than {@link dataBytes}. */
  took(bytes: number): void {
    this.#size -= bytes;
    if (this.#size === 0) this.#at = "data-cr";
  }

  /** A byte that is no data. */
  take(byte: number): void {
    this.#at = this.#next(byte);
  }

  #next(byte: number): At {
    switch (this.#at) {
      case "size":
        return this.#inSize(byte);
      case "extension":
        if (byte === CR) return "size-end";
        return this.#inLine(byte, "extension");
      case "size-end":
        return byte === LF ? this.#begin() : "broken";
      case "data-cr":
        return byte === CR ? "data-lf" : "broken";
      case "data-lf":
        this.#digits = 0;
        this.#lineBytes = 0;
        return byte === LF ? "size" : "broken";
      case "trailer":
        if (byte === CR) return "last-lf";
        return this.#inLine(byte, "trailer-line");
      case "trailer-line":
        if (byte === CR) return "trailer-lf";
        return this.#inLine(byte, "trailer-line");
      case "trailer-lf":
        return byte === LF ? "trailer" : "broken";
      case "last-lf":
        return byte === LF ? "end" : "broken";
      case "data":
      case "end":
      case "broken":
        return "broken";
    }
  }

  #inSize(byte: number): At {
    const digit = hexOf(byte);
    if (digit >= 0) {
      this.#size = this.#size * 16 + digit;
      this.#digits += 1;
      return this.#digits > MAX_SIZE_DIGITS ? "broken" : "size";
    }
    if (this.#digits === 0) return "broken";
    if (byte === CR) return "size-end";
    if (byte === SEMICOLON || byte === SPACE || byte === TAB) return "extension";
    return "broken";
  }

  #begin(): At {
    this.#lineBytes = 0;
    return this.#size === 0 ? "trailer" : "data";
  }

  #inLine(byte: number, stay: At): At {
    this.#lineBytes += 1;
    if (this.#lineBytes > MAX_LINE_BYTES) return "broken";
    return byte === TAB || (byte >= SPACE && byte !== DELETE) ? stay : "broken";
  }
}

function hexOf(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
