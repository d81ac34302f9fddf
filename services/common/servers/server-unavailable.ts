/** The one error of this folder: a server or a program is not to be had, said in one line. */

/**
 * Thrown when a server cannot be found, installed or started, or when what it needs (a folder, a
 * port, a user) is not there. The message is one line that names the cause and what to do.
 */
export class ServerUnavailable extends Error {
  override readonly name = "ServerUnavailable";
  /** The last lines the server printed, oldest first; empty when it never ran. */
  readonly output: readonly string[];

  constructor(message: string, output: readonly string[] = [], cause?: unknown) {
    super(message.replace(/\s*[\r\n]+\s*/g, " ").trim(), cause === undefined ? {} : { cause });
    this.output = output;
  }
}

/** The code of a failed system call ("EACCES"), or undefined when it is another kind of error. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** What an unknown thrown value says, without its stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
