/** Judges the promise that no window of 60 s admits more clients than the limit. */
import {
  type Admission,
  admissionsOf,
  mostInAnyWindow,
  STAMP_MS,
  WINDOW_MS,
} from "./admissions.ts";
import { clockStepBackMs } from "./clock-step.ts";
import type { History } from "./history.ts";
import { stintsOf } from "./line.ts";
import type { Verdict, Witness } from "./verdict.ts";
import { broken, unknown, valid } from "./verdict.ts";
import { count, ordinal, seconds } from "./words.ts";

/** So many ids of operations are named by one witness; of more, the first and the last. */
const NAMED_OPS = 12;

/**
 * Counts passes by the queue's own stamps. More than the limit is broken where no wavering of the
 * stamps can account for it, and unknown otherwise; so it is where passes that nobody saw, because
 * answers were lost, could make a window too full. Assumes that the limit was not changed.
 */
export function judgeRate(history: History): Verdict {
  const limit = history.run.sale.permitsPerMinute;
  const { admissions, wobbleMs, unsteady } = admissionsOf(history);
  if (admissions.length === 0) return unknown("rate", "no pass with an end was seen");
  const stints = stintsOf(history);
  const slackMs = Math.max(STAMP_MS, wobbleMs + clockStepBackMs(stints));
  const witnesses = crowdedWindows(admissions, limit, slackMs);
  const most = mostInAnyWindow(admissions);
  const total = count(admissions.length, "admission");
  const said = `${total}, at most ${most} in any 60 s, ${limit} allowed`;
  if (witnesses.length > 0) return broken("rate", said, admissions.length, witnesses);
  if (most > limit) {
    const why = `its stamps may be off by ${seconds(slackMs)} s`;
    return unknown("rate", `${said}, but ${why}`, admissions.length);
  }
  const unseen = unsteady + stints.filter((stint) => stint.unheard).length;
  if (most + unseen > limit && unseen > 0) {
    const why = `${unseen} more may have been admitted: their answers were lost, or told two times`;
    return unknown("rate", `${said}; ${why}`, admissions.length);
  }
  if (stints.length <= limit) {
    const joins = count(stints.length, "place in line", "places in line");
    const because = `${joins} taken: the limit of ${limit} a minute could not be exceeded`;
    return unknown("rate", because, admissions.length);
  }
  return valid("rate", said, admissions.length);
}

/** One witness for each crowd that surely exceeded the limit; crowds do not overlap. */
function crowdedWindows(
  admissions: readonly Admission[],
  limit: number,
  slackMs: number,
): Witness[] {
  const zero = admissions[0]?.atMs ?? 0;
  const witnesses: Witness[] = [];
  let witnessedUntil = -1;
  admissions.forEach((last, index) => {
    const start = admissions[index - limit];
    if (!start || index - limit <= witnessedUntil) return;
    if (last.atMs - start.atMs + slackMs >= WINDOW_MS) return;
    witnessedUntil = index;
    const from = start.atMs - zero;
    const window = `${seconds(from)}–${seconds(from + WINDOW_MS)} s`;
    const when = `admitted at ${seconds(last.atMs - zero)} s`;
    const ids = admissions.slice(index - limit, index + 1).map((one) => one.op);
    witnesses.push({
      words: `client ${last.client} ${when}, ${ordinal(limit + 1)} in the window ${window}`,
      ops: ids.length <= NAMED_OPS ? ids : [start.op, last.op],
    });
  });
  return witnesses;
}
