/** Ends a run as soon as its record convicts: what is certain already need not be waited for. */
import { setTimeout as sleep } from "node:timers/promises";
import { readLedger } from "../engine/ledger.ts";
import type { Ledger } from "../judge/history.ts";
import { judgeRun } from "../judge/judge.ts";
import { readHistory } from "../run/run-folder.ts";

export interface Conviction {
  /** Of the run that goes on. */
  readonly folder: string;
  /** One of these has to be found broken. */
  readonly named: readonly string[];
  /** Whose books are looked at; none for promises that take no books. */
  readonly books?: Omit<Parameters<typeof readLedger>[0], "eventId">;
}

const LOOK_EVERY_MS = 500;

/**
 * Judges the record so far, twice a second, until a named promise is broken or the signal says so.
 * The verdict that counts is the one on the whole record: this only says when it is whole enough.
 */
export async function convicted(conviction: Conviction, until: AbortSignal): Promise<boolean> {
  while (!until.aborted) {
    await sleep(LOOK_EVERY_MS, undefined, { signal: until }).catch(() => undefined);
    if (!until.aborted && (await isBroken(conviction))) return true;
  }
  return false;
}

async function isBroken({ folder, named, books }: Conviction): Promise<boolean> {
  try {
    const history = await readHistory(folder);
    const ledger = books && (await booksSoFar({ ...books, eventId: history.run.sale.eventId }));
    const { verdicts } = judgeRun(history, ledger);
    return verdicts.some(({ promise, verdict }) => verdict === "broken" && named.includes(promise));
  } catch {
    // The record has no line yet, or the books cannot be read now: the next look may tell.
    return false;
  }
}

/** Never taken for books at rest: several readings of a sale that goes on are no snapshot. */
async function booksSoFar(reader: Parameters<typeof readLedger>[0]): Promise<Ledger> {
  const readAt = new Date().toISOString();
  return { readAt, settled: false, settleSeconds: 0, ...(await readLedger(reader)) };
}
