/** How often attackers and clients with habits did what most do not, and what they were answered. */
import type { Attack, Habit, Op, Outcome } from "../judge/history.ts";

export interface UnusualRow extends Readonly<Record<Outcome, number>> {
  readonly what: Attack | Habit;
  readonly op: Op["op"];
  readonly clients: number;
}

/** One row for each kind of attack or habit and operation, in the order in which they came up. */
export function unusualOf(ops: readonly Op[]): UnusualRow[] {
  const rows = new Map<string, { what: Attack | Habit; op: Op["op"]; counts: Counts }>();
  for (const { attack, habit, op, client, outcome } of ops) {
    const what = attack ?? habit;
    if (what === undefined) continue;
    const key = `${what} ${op}`;
    let row = rows.get(key);
    if (row === undefined) {
      row = { what, op, counts: { ok: 0, fail: 0, unknown: 0, clients: new Set() } };
      rows.set(key, row);
    }
    row.counts[outcome] += 1;
    row.counts.clients.add(client);
  }
  return [...rows.values()].map(({ what, op, counts }) => {
    const { ok, fail, unknown, clients } = counts;
    return { what, op, clients: clients.size, ok, fail, unknown };
  });
}

interface Counts extends Record<Outcome, number> {
  readonly clients: Set<number>;
}
