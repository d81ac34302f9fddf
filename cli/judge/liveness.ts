/** Judges the promise that permits are used while clients wait and every reservation ends. */
import { judgeEndings } from "./endings.ts";
import type { History, Ledger } from "./history.ts";
import { stintsOf } from "./line.ts";
import { judgePermitsUsed } from "./permits-used.ts";
import type { Stint } from "./stint.ts";
import type { Verdict, Witness } from "./verdict.ts";
import { broken, unknown, valid } from "./verdict.ts";
import { count, seconds } from "./words.ts";

/** A line without a sign of life is kept this long, in seconds. */
const WAITING_STATE_SECONDS = 1800;

/**
 * Three parts: permits used, places kept (nobody who keeps polling is told that they are not in
 * line), reservations ended. Valid when at least one could have failed and none did; unknown when
 * the books are missing or were read too early.
 */
export function judgeLiveness(history: History, ledger: Ledger | undefined): Verdict {
  const stints = stintsOf(history);
  const used = judgePermitsUsed(history, stints);
  const lost = lostPlaces(history, stints);
  const endings = judgeEndings(history, ledger);
  const usedChecked = used.owed >= 1 ? 1 : 0;
  const checked = usedChecked + endings.checked;
  const witnesses = [...(used.idle ? [used.idle.witness] : []), ...endings.witnesses, ...lost];

  if (witnesses.length > 0) {
    const sins: string[] = [];
    if (used.idle) {
      const { issuedAtMost, due } = used.idle;
      const passes = `${count(issuedAtMost, "pass", "passes")} at most where ${due} were due`;
      sins.push(`permits lay idle while clients waited (${passes})`);
    }
    if (endings.open > 0) sins.push(`${count(endings.open, "reservation")} never ended`);
    if (endings.undone > 0) sins.push(`${count(endings.undone, "reservation")} un-ended`);
    if (lost.length > 0) sins.push(`${count(lost.length, "client")} lost the place in line`);
    return broken("liveness", sins.join("; "), checked, witnesses);
  }
  if (endings.unknownBecause !== undefined) {
    return unknown("liveness", endings.unknownBecause, checked);
  }
  const waited = `clients waited ${used.waitedSeconds.toFixed(1)} s at a stretch`;
  const permits = usedChecked
    ? `permits were used (${waited}, ${Math.floor(used.owed)} passes due at least)`
    : `whether permits were used is not concluded (${waited}, too short)`;
  const ended =
    endings.checked > 0 ? `${count(endings.checked, "reservation")} ended` : "nothing was reserved";
  if (checked === 0) return unknown("liveness", `${ended}, and ${permits}`);
  return valid("liveness", `${ended}; ${permits}`, checked);
}

/**
 * Clients told "you are not in line" although they surely were: no pass seen, none that can have
 * been issued and run out since they were last told to wait, no leave, no note (after a fault a
 * client may have to come back with its ticket), and no earlier pass that may still have lived.
 */
function lostPlaces(history: History, stints: readonly Stint[]): Witness[] {
  const ttlSeconds = history.run.sale.passTtlSeconds;
  const keptMs = Math.min(ttlSeconds, WAITING_STATE_SECONDS) * 1000;
  const spentMs = spentAt(history);
  const found: Witness[] = [];
  for (const stint of stints) {
    const { gone, passBefore } = stint;
    if (!gone || gone.endedMs - stint.issuedFromMs >= keptMs) continue;
    const noted = history.notes.some(
      (note) => note.atMs <= gone.endedMs && note.atMs >= stint.issuedFromMs - keptMs,
    );
    if (noted) continue;
    if (passBefore) {
      const overMs = Math.min(
        spentMs.get(passBefore.token) ?? Infinity,
        passBefore.seen.endedMs + ttlSeconds * 1000,
      );
      if (stint.earliestMs <= overMs) continue;
    }
    const since = stint.waitedUntil ?? stint.opening;
    found.push({
      words:
        `client ${stint.client} was in line at ${seconds(since.endedMs)} s and told ` +
        `at ${seconds(gone.endedMs)} s that it is not, without a pass or a leave`,
      ops: [since.id, gone.id],
    });
  }
  return found;
}

/** When each pass had surely been spent, by the first purchase it opened. */
function spentAt(history: History): Map<string, number> {
  const spent = new Map<string, number>();
  for (const op of history.ops) {
    if (op.op !== "reserve" || op.outcome !== "ok" || op.pass === undefined) continue;
    spent.set(op.pass, Math.min(spent.get(op.pass) ?? Infinity, op.endedMs));
  }
  return spent;
}
