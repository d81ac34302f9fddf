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
}

export function createOutput(json: boolean): Output {
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
  };
}
