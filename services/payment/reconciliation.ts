/**
 * Our payments beside the provider's statement, a period at a time. A payment belongs to the second
 * of its capture by the provider's clock, as its entry in the statement does, so a period has
 * exactly the same charges on both sides, wherever it is cut, and no two clocks are compared.
 */
import type { PaymentDifference, Reconciliation } from "../common/contracts/payment.ts";
import type { Database } from "../common/database.ts";
import { LIMITS } from "../common/limits.ts";
import type { PaymentProvider, Period, StatementEntry } from "./provider.ts";
import { type Comparison, type OwnPayment, reconcile } from "./reconcile.ts";
import { paymentsOfRange, paymentsOfSagas, timeOfPayment } from "./reconciliation-store.ts";

/** Longer than any deadline of a saga, and than back-off lets an answered question wait. */
const OVERDUE_SECONDS = 15 * 60;
const SECOND_MS = 1_000;

/** The provider's statement cannot be read now. */
export class StatementUnavailable extends Error {
  override readonly name = "StatementUnavailable";
}

interface Looked extends Comparison {
  readonly payments: number;
  readonly charges: number;
}

/**
 * Compares as much of the period as one page holds, from its beginning.
 * @throws StatementUnavailable when the provider does not answer, or `signal` ends
 */
export async function reconcilePage(
  database: Database,
  provider: PaymentProvider,
  asked: Period,
  signal: AbortSignal,
): Promise<Reconciliation> {
  const period = wholeSeconds(asked);
  let upTo = await pageEnd(database, period);
  let first = await look(database, provider, { ...period, until: upTo }, signal);
  while (first === "tooMuch") {
    upTo = halfway(period.since, upTo);
    first = await look(database, provider, { ...period, until: upTo }, signal);
  }
  const page = { since: period.since, upTo, until: period.until };
  const next = upTo < period.until ? upTo : null;
  const { payments, charges, open } = first;
  const rest = { ...page, next, payments, charges };
  if (first.differences.length === 0) return { ...rest, open, differences: [] };
  // Money moved while we looked from one side to the other: what is wrong is so a second time.
  const again = await look(database, provider, { ...period, until: upTo }, signal);
  const differences = again === "tooMuch" ? first.differences : seenTwice(first, again);
  const moving = first.differences.length - differences.length;
  return { ...rest, open: open + moving, differences: [...differences] };
}

function seenTwice(first: Comparison, again: Comparison): readonly PaymentDifference[] {
  const name = ({ kind, sagaId, transactionId }: PaymentDifference) =>
    JSON.stringify([kind, sagaId, transactionId]);
  const names = new Set(again.differences.map(name));
  return first.differences.filter((one) => names.has(name(one)));
}

/** One look at both sides; "tooMuch" where the provider has more charges than a page holds. */
async function look(
  database: Database,
  provider: PaymentProvider,
  period: Period,
  signal: AbortSignal,
): Promise<Looked | "tooMuch"> {
  // Ours first: an outcome that we know is then in the provider's statement too.
  const inPeriod = await paymentsOfRange(database, period, OVERDUE_SECONDS);
  const divisible = Date.parse(period.until) - Date.parse(period.since) > SECOND_MS;
  const most = divisible ? LIMITS.reconciledCharges : Number.POSITIVE_INFINITY;
  const entries = await entriesOf(provider, period, most, signal);
  if (entries === "tooMuch") return entries;
  const ours: OwnPayment[] = inPeriod.map((one) => ({ ...one, inPeriod: true }));
  const known = new Set(ours.map((one) => one.sagaId));
  const named = new Set(entries.flatMap(({ sagaId }) => (sagaId === null ? [] : [sagaId])));
  const others = [...named].filter((sagaId) => !known.has(sagaId));
  for (let from = 0; from < others.length; from += LIMITS.reconciledPayments) {
    const some = others.slice(from, from + LIMITS.reconciledPayments);
    const found = await paymentsOfSagas(database, some, OVERDUE_SECONDS);
    ours.push(...found.map((one) => ({ ...one, inPeriod: false })));
  }
  const compared = reconcile(ours, entries, provider.currency);
  return { ...compared, payments: inPeriod.length, charges: entries.length };
}

async function entriesOf(
  provider: PaymentProvider,
  period: Period,
  most: number,
  signal: AbortSignal,
): Promise<readonly StatementEntry[] | "tooMuch"> {
  const entries: StatementEntry[] = [];
  try {
    for await (const page of provider.statement(period, signal)) {
      entries.push(...page);
      if (entries.length > most) return "tooMuch";
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StatementUnavailable(`the provider's statement cannot be read now: ${why}`);
  }
  return entries;
}

/** The last second that one page of our payments reaches to; at least one second is taken. */
async function pageEnd(database: Database, period: Period): Promise<string> {
  const at = await timeOfPayment(database, period, LIMITS.reconciledPayments);
  if (at === undefined) return period.until;
  const earliest = Date.parse(period.since) + SECOND_MS;
  return new Date(Math.max(earliest, floor(Date.parse(at)))).toISOString();
}

function halfway(since: string, until: string): string {
  const [from, to] = [Date.parse(since), Date.parse(until)];
  return new Date(Math.max(from + SECOND_MS, floor((from + to) / 2))).toISOString();
}

/** A second belongs to one page as a whole: a provider may count in seconds. */
function wholeSeconds({ since, until }: Period): Period {
  const end = Math.ceil(Date.parse(until) / SECOND_MS) * SECOND_MS;
  return {
    since: new Date(floor(Date.parse(since))).toISOString(),
    until: new Date(end).toISOString(),
  };
}

const floor = (ms: number): number => Math.floor(ms / SECOND_MS) * SECOND_MS;
