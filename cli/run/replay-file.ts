/** The arrivals to replay, from the file that an option names. */
import { readFile } from "node:fs/promises";
import { type CrowdOptions, MAX_CLIENTS } from "../commands/options.ts";
import { parseReplay } from "../engine/replay.ts";
import { usageError } from "../exit.ts";

/**
 * The crowd with a client for each recorded arrival; as it was when it replays nothing. To be asked
 * before anything starts.
 * @throws CommandError where the file cannot be read or is not as agreed
 */
export async function withReplay<Crowd extends CrowdOptions>(crowd: Crowd): Promise<Crowd> {
  if (crowd.arrivals.how !== "replay") return crowd;
  const { file } = crowd.arrivals;
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw usageError(`--arrivals replay:${file}: cannot be read (${error.code})`);
  });
  const replay = parseReplay(text);
  if (!replay.ok) throw usageError(`${file}, line ${replay.line}: ${replay.wrong}`);
  const { offsetsMs } = replay;
  const clients = offsetsMs.length;
  if (clients <= MAX_CLIENTS) return { ...crowd, clients, arrivalOffsetsMs: offsetsMs };
  throw usageError(`${file}: ${clients} arrivals, ${MAX_CLIENTS} clients at most`);
}
