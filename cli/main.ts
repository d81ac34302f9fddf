/** The command line: parse, dispatch, exit code. */
import { CommanderError } from "commander";
import { readConfig } from "../services/common/config.ts";
import { EXIT, endProcess, explain } from "./exit.ts";
import { createOutput, type Output } from "./output.ts";
import { createProgram } from "./program.ts";

/** What every command gets; it returns the exit code. */
export interface CommandContext {
  readonly output: Output;
  readonly config: typeof readConfig;
}

/** Wraps a command's work: its exit code, or one line of what went wrong. */
export type Run = (
  work: (context: CommandContext) => Promise<number>,
  options: { readonly json?: boolean | undefined },
) => Promise<void>;

const run: Run = async (work, options) => {
  const output = createOutput(options.json === true);
  try {
    endProcess(await work({ output, config: readConfig }));
  } catch (error) {
    const { exitCode, line } = explain(error);
    output.progress(`reservex: ${line}`);
    output.document({ error: line, exitCode });
    endProcess(exitCode);
  }
};

try {
  await (await createProgram(run, process.argv[2])).parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Help and version are answers; anything else that commander refuses is wrong usage.
  endProcess(error.exitCode === 0 ? EXIT.valid : EXIT.usage);
}
