/** Judges the promise that nobody is admitted before someone who joined earlier and stayed. */
import { STAMP_MS } from "./admissions.ts";
import { clockStepBackMs } from "./clock-step.ts";
import type { History } from "./history.ts";
import { stintsOf } from "./line.ts";
import type { Stint } from "./stint.ts";
import type { Verdict, Witness } from "./verdict.ts";
import { broken, unknown, valid } from "./verdict.ts";
import { count, seconds } from "./words.ts";

/** Someone who surely stood in line, and the latest proof of still waiting without a pass. */
interface Ahead {
  readonly stint: Stint;
  /** The queue's clock; -Infinity when nothing certain can be said by that clock. */
  readonly admittedAtMs: number;
  /** The tester's clock; -Infinity when never told to wait. */
  readonly waitedUntilMs: number;
}

/**
 * Two proofs that B overtook A, who surely joined first and never missed a poll: the queue's own
 * stamps order them so; or B's pass had been seen when A sent a poll that was told to wait. The
 * first uses the queue's clock alone, the second the tester's alone.
 */
export function judgeFairness(history: History): Verdict {
  const stints = stintsOf(history);
  const stepMs = clockStepBackMs(stints);
  const slackMs = Math.max(STAMP_MS, stepMs);
  const ahead = stints.filter((s) => s.joinedByMs < Infinity).map(aheadOf);
  ahead.sort((a, b) => a.stint.joinedByMs - b.stint.joinedByMs);
  const admitted = stints.filter((s) => s.pass !== undefined);
  admitted.sort((a, b) => a.earliestMs - b.earliestMs);

  const witnesses: Witness[] = [];
  let overtakers = 0;
  let doubtful = 0;
  let checked = 0;
  let next = 0;
  let byStamp: Ahead | undefined;
  let bySight: Ahead | undefined;
  for (const later of admitted) {
    for (; next < ahead.length; next++) {
      const one = ahead[next];
      if (!one || one.stint.joinedByMs >= later.earliestMs) break;
      if (one.admittedAtMs > (byStamp?.admittedAtMs ?? -Infinity)) byStamp = one;
      if (one.waitedUntilMs > (bySight?.waitedUntilMs ?? -Infinity)) bySight = one;
    }
    if (byStamp || bySight) checked++;
    const witness = seenOvertaking(bySight, later) ?? stampedOvertaking(byStamp, later, slackMs);
    if (!witness && stampedOvertaking(byStamp, later, stepMs)) doubtful++;
    if (!witness) continue;
    overtakers++;
    witnesses.push(witness);
  }

  if (overtakers > 0) {
    const who = count(overtakers, "client");
    const because = `${who} of ${checked} admitted before someone who joined earlier and stayed`;
    return broken("fairness", because, checked, witnesses);
  }
  if (checked === 0) {
    return unknown("fairness", "nobody was admitted behind someone who surely stood ahead");
  }
  if (doubtful > 0) {
    const who = count(doubtful, "client");
    const why = `stamped at most ${STAMP_MS} ms before someone ahead, which stamps cannot tell`;
    return unknown("fairness", `${who} of ${checked} ${why}`, checked);
  }
  const because = `${count(checked, "admission")} compared, nobody overtook someone ahead`;
  const stepped = stepMs > 0 ? `; the queue's clock stepped back by ${seconds(stepMs)} s` : "";
  return valid("fairness", `${because}${stepped}`, checked);
}

function aheadOf(stint: Stint): Ahead {
  return {
    stint,
    admittedAtMs: (stint.stayed ? stint.pass?.admittedAtMs : undefined) ?? -Infinity,
    waitedUntilMs: stint.waitedUntil?.invokedMs ?? -Infinity,
  };
}

function stampedOvertaking(
  ahead: Ahead | undefined,
  later: Stint,
  slackMs: number,
): Witness | undefined {
  const { pass } = later;
  if (!ahead || pass?.admittedAtMs === undefined) return undefined;
  const earlierMs = ahead.admittedAtMs - pass.admittedAtMs;
  if (earlierMs <= slackMs) return undefined;
  const seen = ahead.stint.pass?.seen;
  return {
    words:
      `client ${later.client} (joined at ${seconds(later.earliestMs)} s) was admitted ` +
      `${seconds(earlierMs)} s before client ${ahead.stint.client}, ` +
      `in line since ${seconds(ahead.stint.joinedByMs)} s and polling in time`,
    ops: [ahead.stint.opening.id, later.opening.id, pass.seen.id, ...(seen ? [seen.id] : [])],
  };
}

function seenOvertaking(ahead: Ahead | undefined, later: Stint): Witness | undefined {
  const { pass } = later;
  const waited = ahead?.stint.waitedUntil;
  if (!ahead || !waited || !pass || ahead.waitedUntilMs <= pass.seen.endedMs) return undefined;
  return {
    words:
      `client ${later.client} (joined at ${seconds(later.earliestMs)} s) had its pass at ` +
      `${seconds(pass.seen.endedMs)} s; client ${ahead.stint.client}, in line since ` +
      `${seconds(ahead.stint.joinedByMs)} s and polling in time, ` +
      `was still told to wait at ${seconds(waited.invokedMs)} s`,
    ops: [ahead.stint.opening.id, later.opening.id, pass.seen.id, waited.id],
  };
}
