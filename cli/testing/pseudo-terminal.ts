/**
 * The command line in a terminal of its own, for tests that press keys and read the screen: `script`
 * of util-linux brings the pseudo terminal, xterm.js makes a screen of what is written to it.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import xterm from "@xterm/headless";
import { type Environment, MAIN, plainEnvironment } from "./processes.ts";

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** What a test waits for comes within this, or not at all. */
const PATIENCE_MS = 30_000;
const ESC = String.fromCharCode(27);

export class PseudoTerminal {
  readonly #screen: InstanceType<typeof xterm.Terminal>;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #changed = new EventEmitter();
  readonly #ended: Promise<number | null>;
  #cursorHidden = false;

  /** `folder`: for what the terminal says of itself, a temporary one. */
  constructor(args: readonly string[], size: Size, folder: string, environment: Environment) {
    const { columns: cols, rows } = size;
    this.#screen = new xterm.Terminal({ cols, rows, allowProposedApi: true, scrollback: 1_000 });
    this.#folder = folder;
    const command = [process.execPath, MAIN, ...args].map(quoted).join(" ");
    const script = [
      `cd ${quoted(folder)}; tty > tty; stty cols ${cols} rows ${rows}`,
      `${command}; code=$?; stty -a > modes; exit $code`,
    ].join("; ");
    this.#child = spawn("script", ["-qefc", script, "/dev/null"], {
      env: {
        ...plainEnvironment(),
        CI: "",
        TERM: "xterm-256color",
        SHELL: "/bin/sh",
        ...environment,
      },
      stdio: ["pipe", "pipe", "ignore"],
    });
    this.#child.stdout?.on("data", (chunk: Buffer) => this.#take(chunk));
    this.#ended = new Promise((resolve) => this.#child.once("close", resolve));
  }

  /** The rows of the screen as they are now, without trailing blanks. */
  get rows(): string[] {
    const { cols, rows, buffer } = this.#screen;
    // After a screen has become narrower xterm.js still knows what stood beyond its border.
    return Array.from({ length: rows }, (_, row) => {
      const line = buffer.active.getLine(buffer.active.viewportY + row);
      return line?.translateToString(true, 0, cols).trimEnd() ?? "";
    });
  }

  /** Everything that was left on the ordinary screen, scrolled away or not. */
  get left(): string {
    const { normal } = this.#screen.buffer;
    const lines = Array.from({ length: normal.length }, (_, row) => normal.getLine(row));
    return lines.map((line) => line?.translateToString(true) ?? "").join("\n");
  }

  get isAlternate(): boolean {
    return this.#screen.buffer.active.type === "alternate";
  }

  get cursorHidden(): boolean {
    return this.#cursorHidden;
  }

  /** Rows that a line before them ran over into. */
  get wrapped(): string[] {
    const { active } = this.#screen.buffer;
    return this.rows.filter((_, row) => active.getLine(active.viewportY + row)?.isWrapped);
  }

  press(characters: string): void {
    this.#child.stdin?.write(characters);
  }

  /** Tells the terminal's driver, which tells the program by SIGWINCH. */
  resize({ columns, rows }: Size): void {
    const tty = readFileSync(join(this.#folder, "tty"), "utf8").trim();
    this.#screen.resize(columns, rows);
    execFileSync("stty", ["-F", tty, "cols", `${columns}`, "rows", `${rows}`]);
  }

  /** Resolves once the screen is so; rejects with the screen as it was when that does not come. */
  async shows(
    what: string,
    isSo: (text: string, rows: readonly string[]) => boolean,
  ): Promise<void> {
    const late = AbortSignal.timeout(PATIENCE_MS);
    while (!isSo(this.rows.join("\n"), this.rows)) {
      await once(this.#changed, "changed", { signal: late }).catch(() => {
        throw new Error(`never shown: ${what}\n${this.rows.join("\n")}`);
      });
    }
  }

  /** The exit code, and whether the terminal is as a shell needs it: lines, echo. */
  async ended(): Promise<{ readonly code: number | null; readonly modes: string }> {
    const code = await this.#ended;
    return { code, modes: readFileSync(join(this.#folder, "modes"), "utf8") };
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #take(chunk: Buffer): void {
    const text = chunk.toString("latin1");
    const last = Math.max(text.lastIndexOf(`${ESC}[?25l`), text.lastIndexOf(`${ESC}[?25h`));
    if (last >= 0) this.#cursorHidden = text[last + 5] === "l";
    this.#screen.write(chunk, () => this.#changed.emit("changed"));
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
