/** A sale that something else than our crowd storms: opened, left to it, and judged by its books. */
import { randomUUID } from "node:crypto";
import { waitUntilSettled } from "../engine/ledger.ts";
import type { TargetUrls } from "../engine/plan.ts";
import { type PreparedSale, prepareSale } from "../engine/target.ts";
import { type BooksVerdict, judgeBooks } from "../judge/books.ts";
import { HISTORY_VERSION, type Ledger, type RunHeader } from "../judge/history.ts";
import { type SaleWish, salePlan } from "./sale-run.ts";

export interface BookRun {
  readonly urls: TargetUrls;
  readonly adminToken: string;
  readonly wish: SaleWish;
  /** How long bookings may take to end afterwards. */
  readonly settleSeconds: number;
  readonly insisted: AbortSignal;
}

export interface JudgedBooks<T> {
  readonly outcome: T;
  readonly verdict: BooksVerdict;
  readonly ledger: Ledger;
}

/** @throws TargetError when the stack cannot be reached, or whatever `load` throws */
export async function judgeBooksOf<T>(
  run: BookRun,
  load: (prepared: PreparedSale) => Promise<T>,
): Promise<JudgedBooks<T>> {
  const { urls, adminToken, wish } = run;
  const prepared = await prepareSale(urls, adminToken, salePlan(wish));
  const outcome = await load(prepared);
  const { eventId } = prepared.sale;
  const ledger = await waitUntilSettled(
    { target: urls, adminToken, eventId },
    {
      seconds: run.settleSeconds,
      wallClock: () => new Date().toISOString(),
      signal: run.insisted,
    },
  );
  return { outcome, verdict: judgeBooks(headerOf(run, prepared), ledger), ledger };
}

/** The books' judges read the products in it; nobody's behaviour is on record. */
function headerOf({ urls, wish }: BookRun, { sale }: PreparedSale): RunHeader {
  return {
    kind: "run",
    version: HISTORY_VERSION,
    runId: randomUUID(),
    startedAt: new Date().toISOString(),
    seed: 0,
    settings: {
      clients: wish.clients,
      arrivals: "burst",
      arrivalSeconds: 0,
      quantity: 1,
      absentPercent: 0,
      attackersPercent: 0,
      paymentFailurePercent: 0,
      target: { ...urls },
    },
    sale,
  };
}
