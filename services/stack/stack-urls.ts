/** Where a stack is that runs already: all that most commands need to know of one. */
import { resolve } from "node:path";
import { readStackNote, type StackNote } from "./stack-file.ts";

/** The stack that runs on a data folder; undefined when none does. */
export async function runningStack(
  dataDir: string,
): Promise<Pick<StackNote, "pid" | "urls"> | undefined> {
  return readStackNote(resolve(dataDir));
}

/** Base URLs of the stack that runs on a data folder; undefined when none does. */
export async function stackUrls(
  dataDir: string,
): Promise<Readonly<Record<string, string>> | undefined> {
  return (await runningStack(dataDir))?.urls;
}
