/** Where a command's words go: results to stdout, everything else to stderr. */

export interface Output {
  /** `--json`: one document on stdout, and nothing else there. */
  readonly json: boolean;
  /** A person's result; silent under `--json`. */
  result(text: string): void;
  /** The machine's result; silent without `--json`. */
  document(value: unknown): void;
  /** What goes on meanwhile. */
  progress(text: string): void;
  /**
   * How things stand now: on a terminal it replaces the line said before, elsewhere it is a line of
   * its own; on stderr under `--json`.
   */
  live(text: string): void;
}

/** Up one line, and clear it. */
const ONE_LINE_BACK = "\u001b[1A\u001b[2K";

export function createOutput(json: boolean): Output {
  const stream = json ? process.stderr : process.stdout;
  let replaces = false;
  return {
    json,
    result: (text) => {
      if (!json) process.stdout.write(`${text}\n`);
    },
    document: (value) => {
      if (json) process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
    },
    progress: (text) => {
      process.stderr.write(`${text}\n`);
    },
    live: (text) => {
      // A line that is broken in two could not be taken back.
      const line = stream.isTTY ? text.slice(0, stream.columns - 1) : text;
      stream.write(`${replaces ? ONE_LINE_BACK : ""}${line}\n`);
      replaces = stream.isTTY === true;
    },
  };
}
