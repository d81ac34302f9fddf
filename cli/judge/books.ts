/**
 * Judges a sale by its books alone, when the load came from a tool that keeps no record of its
 * clients. What only clients can witness is unknown here, whatever the books look like.
 */
import { judgeEndings } from "./endings.ts";
import type { History, Ledger, RunHeader } from "./history.ts";
import { judgeMoney } from "./money.ts";
import { judgeStock } from "./stock.ts";
import type { PromiseName, Verdict } from "./verdict.ts";
import { broken, unknown, valid } from "./verdict.ts";
import { count } from "./words.ts";

export interface BooksVerdict {
  /** In this order: stock, money, endings; then, unknown, what takes a record of the clients. */
  readonly verdicts: readonly Verdict[];
  /** Of the first three: 0 all valid, 1 one broken, 2 one unknown. */
  readonly exitCode: 0 | 1 | 2;
}

const CLIENTS_WITNESS: readonly PromiseName[] = ["rate", "liveness", "fairness", "passes"];

/**
 * `run` names the products with their prices. The books are taken to hold the whole sale. Lost
 * sales and ghosts cannot be seen: nobody wrote down what was promised to whom.
 */
export function judgeBooks(run: RunHeader, ledger: Ledger): BooksVerdict {
  const history: History = { run, ops: [], stock: [], notes: [] };
  const decided = [
    judgeStock(history, ledger),
    judgeMoney(history, ledger),
    judgeEnds(history, ledger),
  ];
  const silent = CLIENTS_WITNESS.map((promise) =>
    unknown(promise, "takes a record of what each client saw, which this tool does not keep"),
  );
  return { verdicts: [...decided, ...silent], exitCode: exitCodeOf(decided) };
}

function judgeEnds(history: History, ledger: Ledger): Verdict {
  const { checked, open, witnesses, unknownBecause } = judgeEndings(history, ledger);
  if (unknownBecause !== undefined) return unknown("endings", unknownBecause, checked);
  if (open > 0) return broken("endings", `${open} never ended`, checked, witnesses);
  return valid("endings", `${count(checked, "reservation")} ended`, checked);
}

function exitCodeOf(decided: readonly Verdict[]): 0 | 1 | 2 {
  if (decided.some((one) => one.verdict === "broken")) return 1;
  return decided.every((one) => one.verdict === "valid") ? 0 : 2;
}
