/** Writes JSON lines to a file in large pieces, and says when the disk cannot keep up. */
import { createWriteStream, type WriteStream } from "node:fs";

/** A piece is a turn of another thread: at 40,000 lines a second some thirty are enough. */
const PIECE_CHARS = 262_144;
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
  #piece = "";
  #error: Error | undefined;
  #behind = false;

  /** Replaces a file that is there; its folder must exist. */
  constructor(path: string, listener: HistoryFileListener) {
    this.#listener = listener;
    this.#stream = createWriteStream(path, { flags: "w", highWaterMark: PIECE_CHARS });
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
    this.#piece += `${line}\n`;
    if (this.#piece.length >= PIECE_CHARS) this.flush();
  }

  /** Hands what was added so far to the disk. */
  flush(): void {
    if (this.#piece === "" || this.#error !== undefined) return;
    const piece = this.#piece;
    this.#piece = "";
    this.#stream.write(piece);
    if (this.#stream.writableLength > BEHIND_BYTES) this.#behind = true;
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
