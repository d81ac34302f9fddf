/** The arrivals to replay, from the file that an option names. */
import { readFile } from "node:fs/promises";
import { type CrowdOptions, MAX_CLIENTS } from "../commands/options.ts";
import { parseReplay } from "../engine/replay.ts";
import { usageError } from "../exit.ts";

/**
 * Undefined for a crowd that replays nothing.
 * @throws CommandError where the file cannot be read or is not as agreed
 */
export async function replayOf({
  arrivals,
}: Pick<CrowdOptions, "arrivals">): Promise<readonly number[] | undefined> {
  if (arrivals.how !== "replay") return undefined;
  const { file } = arrivals;
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw usageError(`--arrivals replay:${file}: cannot be read (${error.code})`);
  });
  const replay = parseReplay(text);
  if (!replay.ok) throw usageError(`${file}, line ${replay.line}: ${replay.wrong}`);
  const { offsetsMs } = replay;
  if (offsetsMs.length <= MAX_CLIENTS) return offsetsMs;
  throw usageError(`${file}: ${offsetsMs.length} arrivals, ${MAX_CLIENTS} clients at most`);
}
