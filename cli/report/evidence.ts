/** The operations that the witnesses of broken promises name, as they stand in the record. */
import type { Op } from "../judge/history.ts";
import type { Verdict } from "../judge/verdict.ts";

/** More than this is not read by a person; the sentence names the rest by their ids. */
export const MAX_EVIDENCE_OPS = 400;

/** By id, each once; the first {@link MAX_EVIDENCE_OPS} that the witnesses name. */
export function evidenceOf(ops: readonly Op[], verdicts: readonly Verdict[]): readonly Op[] {
  const named = new Set<number>();
  for (const { witnesses } of verdicts) {
    for (const witness of witnesses) {
      for (const id of witness.ops) if (named.size < MAX_EVIDENCE_OPS) named.add(id);
    }
  }
  return ops.filter((op) => named.has(op.id)).sort((a, b) => a.id - b.id);
}
