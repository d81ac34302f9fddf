/** The admissions of a run on the queue's own clock: one per distinct pass that a client saw. */
import type { History, PollOp } from "./history.ts";
import { admittedAtMs } from "./stint.ts";

/** The window of the rate promise. */
export const WINDOW_MS = 60_000;

/** A pass whose stamps differ by more than this between polls says nothing about its admission. */
const STEADY_MS = 1000;

/**
 * Servers that stamp by clocks of their own differ by some milliseconds; what rests on less is
 * neither proven nor broken.
 */
export const STAMP_MS = 10;

export interface Admission {
  readonly client: number;
  /** The first poll on record that showed the pass. */
  readonly op: number;
  /** On the queue's clock, whole milliseconds since 1970. */
  readonly atMs: number;
}

export interface Admissions {
  /** By time. */
  readonly admissions: readonly Admission[];
  /** How much two stamps of one pass differed at most, in ms. */
  readonly wobbleMs: number;
  /** Passes whose stamps differed so much that nobody knows when they were issued. */
  readonly unsteady: number;
}

export function admissionsOf(history: History): Admissions {
  const passes = new Map<string, { poll: PollOp; from: number; to: number }>();
  for (const op of history.ops) {
    if (op.op !== "poll" || op.pass === undefined) continue;
    const at = admittedAtMs(op, history.run.sale.passTtlSeconds);
    if (at === undefined) continue;
    const known = passes.get(op.pass);
    if (known) {
      known.from = Math.min(known.from, at);
      known.to = Math.max(known.to, at);
    } else passes.set(op.pass, { poll: op, from: at, to: at });
  }
  const admissions: Admission[] = [];
  let wobbleMs = 0;
  let unsteady = 0;
  for (const { poll, from, to } of passes.values()) {
    if (to - from > STEADY_MS) {
      unsteady++;
      continue;
    }
    wobbleMs = Math.max(wobbleMs, to - from);
    admissions.push({ client: poll.client, op: poll.id, atMs: from });
  }
  admissions.sort((a, b) => a.atMs - b.atMs || a.op - b.op);
  return { admissions, wobbleMs, unsteady };
}

/** The most admissions that any window of 60 s holds, its end excluded. */
export function mostInAnyWindow(admissions: readonly Admission[]): number {
  let most = 0;
  let first = 0;
  admissions.forEach((last, index) => {
    while (last.atMs - (admissions[first]?.atMs ?? 0) >= WINDOW_MS) first++;
    most = Math.max(most, index - first + 1);
  });
  return most;
}
