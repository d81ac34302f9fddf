/** Exit codes, and the one place that ends the process. */
import { ConfigurationError, UnavailableError } from "../services/common/errors.ts";
import { TargetError } from "./engine/admin-client.ts";

export const EXIT = {
  valid: 0,
  broken: 1,
  unknown: 2,
  invalidRun: 3,
  usage: 64,
  unavailable: 69,
  /** A defect of ours: sysexits' EX_SOFTWARE. */
  internal: 70,
} as const;

/** A wish that cannot be granted: one line, and the exit code that goes with it. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

export const usageError = (message: string): CommandError => new CommandError(EXIT.usage, message);

/** The exit code and the one line for whatever a command threw. */
export function explain(error: unknown): { readonly exitCode: number; readonly line: string } {
  if (error instanceof CommandError) return { exitCode: error.exitCode, line: error.message };
  if (error instanceof ConfigurationError) return { exitCode: EXIT.usage, line: error.message };
  if (error instanceof UnavailableError || error instanceof TargetError) {
    return { exitCode: EXIT.unavailable, line: error.message };
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { exitCode: EXIT.internal, line: `this should not happen: ${text}` };
}

/**
 * Ends the process once what was written to stdout and stderr has left. Called when a command is
 * done: a forgotten timer must not keep a finished command alive.
 */
export function endProcess(exitCode: number): void {
  process.stdout.write("", () => process.stderr.write("", () => process.exit(exitCode)));
}
