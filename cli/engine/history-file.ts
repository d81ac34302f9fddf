/** Writes JSON lines to a file in large pieces, and says when the disk cannot keep up. */
import { createWriteStream, type WriteStream } from "node:fs";

/** A piece is a turn of another thread: at 40,000 lines a second some thirty are enough. */
const PIECE_BYTES = 262_144;
/** Of a character of JavaScript's strings in UTF-8. */
const MOST_BYTES = 3;
/** Pieces that are kept for another turn, once written. */
const MAX_SPARE = 4;
const LINE_FEED = 10;
/** More than this waiting for the disk: whoever makes the lines should pause. */
const BEHIND_BYTES = 8 * 1_048_576;

export interface HistoryFileListener {
  /** The disk has caught up after {@link HistoryFile.behind}. */
  caughtUp(): void;
  /** The file cannot be written; nothing more will be. Called once. */
  failed(error: Error): void;
}

export class HistoryFile {
  readonly #listener: HistoryFileListener;
  readonly #stream: WriteStream;
  /** Lines become bytes at once: a text of a thousand pieces would be gone through twice. */
  #piece: Buffer = Buffer.allocUnsafeSlow(PIECE_BYTES);
  #bytes = 0;
  readonly #spare: Buffer[] = [];
  #error: Error | undefined;
  #behind = false;

  /** Replaces a file that is there; its folder must exist. */
  constructor(path: string, listener: HistoryFileListener) {
    this.#listener = listener;
    this.#stream = createWriteStream(path, { flags: "w", highWaterMark: PIECE_BYTES });
    this.#stream.on("error", (error) => this.#fail(error));
    this.#stream.on("drain", () => this.#drained());
  }

  /** True while so much waits for the disk that no more should be asked for. */
  get behind(): boolean {
    return this.#behind;
  }

  add(line: object): void {
    this.addText(JSON.stringify(line));
  }

  /** The line as JSON already. */
  addText(line: string): void {
    if (this.#error !== undefined) return;
    const most = (line.length + 1) * MOST_BYTES;
    if (most > PIECE_BYTES - this.#bytes) this.flush();
    if (most > PIECE_BYTES) {
      this.#write(Buffer.from(`${line}\n`));
      return;
    }
    this.#bytes += this.#piece.write(line, this.#bytes);
    this.#piece[this.#bytes] = LINE_FEED;
    this.#bytes += 1;
  }

  /** Hands what was added so far to the disk. */
  flush(): void {
    if (this.#bytes === 0 || this.#error !== undefined) return;
    const piece = this.#piece;
    const bytes = this.#bytes;
    this.#piece = this.#spare.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES);
    this.#bytes = 0;
    this.#write(piece.subarray(0, bytes), () => {
      if (this.#spare.length < MAX_SPARE) this.#spare.push(piece);
    });
  }

  /** Resolves once all is with the operating system; rejects where it could not be written. */
  async close(): Promise<void> {
    this.flush();
    if (this.#error !== undefined) throw this.#error;
    await new Promise<void>((resolve, reject) => {
      this.#stream.once("error", reject);
      this.#stream.end(() => resolve());
    });
  }

  #write(bytes: Buffer, written?: () => void): void {
    this.#stream.write(bytes, written);
    if (this.#stream.writableLength > BEHIND_BYTES) this.#behind = true;
  }

  #drained(): void {
    if (!this.#behind) return;
    this.#behind = false;
    this.#listener.caughtUp();
  }

  #fail(error: Error): void {
    if (this.#error !== undefined) return;
    this.#error = new Error(`the history cannot be written: ${error.message}`);
    this.#listener.failed(this.#error);
  }
}
