/** Where a stack is that runs already: all that most commands need to know of one. */
import { resolve } from "node:path";
import { readStackNote } from "./stack-file.ts";

/** Base URLs of the stack that runs on a data folder; undefined when none does. */
export async function stackUrls(
  dataDir: string,
): Promise<Readonly<Record<string, string>> | undefined> {
  return (await readStackNote(resolve(dataDir)))?.urls;
}
