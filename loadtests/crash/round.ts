/** One sale while everything dies: crowd and kills together, then rest, then the equations. */
import { setTimeout as wait } from "node:timers/promises";
import { type Books, readBooks } from "./books.ts";
import type { Cluster } from "./cluster.ts";
import { type Buyer, CALM_HABITS, FAULTY_HABITS, shopOn, type Target } from "./crowd.ts";
import { type Cut, direct, type Kill } from "./director.ts";
import { type Finding, judge, openBusiness } from "./equations.ts";
import type { Office } from "./office.ts";
import type { RoundPlan } from "./plan.ts";
import type { CrowdRecord } from "./record.ts";
import type { Shop } from "./shop.ts";

/** all: kills, cut wires, a rude bus, impatient clients. kills: these alone. */
export type Faults = "all" | "kills";

export interface RoundContext {
  readonly cluster: Cluster;
  readonly shop: Shop;
  readonly office: Office;
  /** Of all rounds: what held once must hold for ever. */
  readonly record: CrowdRecord;
  readonly eventIds: number[];
  readonly diedByItself: readonly Finding[];
  readonly faults: Faults;
  /** The promise: everything has ended by then. */
  readonly restWithinMs: number;
  readonly random: () => number;
  readonly now: () => number;
  readonly progress: (line: string) => void;
  readonly onKill: (kill: Kill) => void;
  readonly onCut: (cut: Cut) => void;
  readonly onMissed: Parameters<typeof direct>[1]["onMissed"];
}

export interface Round {
  readonly number: number;
  readonly purchases: number;
  readonly reserved: number;
  readonly cancelled: number;
  /** From the end of the shopping until nothing was open any more. */
  readonly restMs: number;
  readonly findings: readonly Finding[];
}

const SHOPPERS = 14;
const BUYERS = 1_200;
/** More than is bought in a round, so that most of it is about bookings, … */
const STOCK = [400, 400];
/** … and of the side sales some are sold out. */
const SIDE_STOCK = [5];
const SIDE_SALE_MS = 1_500;
const REFRESH_MS = 250;
/** Also without kills there is some shopping. */
const SHORTEST_MS = 6_000;
const GRACE_MS = 20_000;
const LOOK_MS = 500;

export async function runRound(
  number: number,
  plan: RoundPlan,
  context: RoundContext,
): Promise<Round> {
  const { record, office, random, progress } = context;
  const before = record.purchases.length;
  const doors = await openDoors(number, context);
  const closing = new AbortController();
  const habits = context.faults === "all" ? FAULTY_HABITS : CALM_HABITS;
  const shopping = Array.from({ length: SHOPPERS }, () =>
    shopOn({
      ...{ shop: context.shop, record, random, habits, graceMs: GRACE_MS },
      target: doors.target,
      nextBuyer: doors.nextBuyer,
      closing: closing.signal,
    }),
  );
  const besides = [
    sideSales(context, doors, closing.signal),
    repeat(REFRESH_MS, closing.signal, () => office.refreshNow(record)),
  ];
  const noise = context.faults === "all";
  await Promise.all([direct(plan, { ...context, noise }), wait(SHORTEST_MS)]);
  closing.abort({ atMs: performance.now() });
  await Promise.all([...shopping, ...besides]);
  const { findings, restMs } = await rest(context);
  const bought = record.purchases.slice(before);
  const round = {
    number,
    purchases: bought.length,
    reserved: bought.filter((one) => one.told.length > 0).length,
    cancelled: bought.filter((one) => one.cancellation === "ok").length,
    restMs,
    findings,
  };
  progress(wordsOf(round));
  return round;
}

interface Doors {
  target(): Target;
  nextBuyer(): Buyer | undefined;
  /** From now on some go there. */
  side: Target;
}

async function openDoors(
  number: number,
  { office, eventIds, random }: RoundContext,
): Promise<Doors> {
  const buyers = [...(await office.buyers(BUYERS, `crash-${number}`))];
  const main = await office.openSale(STOCK);
  const side = await office.openSale(SIDE_STOCK);
  eventIds.push(main.eventId, side.eventId);
  const doors: Doors = {
    side,
    target: () => (random() < 0.7 ? main : doors.side),
    nextBuyer: () => buyers.pop(),
  };
  return doors;
}

/** A new small event now and then; the one before is cancelled while people buy. */
async function sideSales(context: RoundContext, doors: Doors, closing: AbortSignal): Promise<void> {
  const { office, eventIds } = context;
  await repeat(SIDE_SALE_MS, closing, async () => {
    const { eventId } = doors.side;
    const next = await office.openSale(SIDE_STOCK);
    eventIds.push(next.eventId);
    doors.side = next;
    await office.cancelSale(eventId);
  });
}

async function repeat(everyMs: number, closing: AbortSignal, work: () => Promise<void>) {
  while (!closing.aborted) {
    await work();
    await wait(everyMs);
  }
}

/** Waits until nothing is open; whatever is then, or is still open at the end of its time, is judged. */
async function rest(context: RoundContext) {
  const began = performance.now();
  const elapsed = () => performance.now() - began;
  let books: Books | undefined;
  let unread = "";
  let restMs = 0;
  // Twice in a row: a request that was still on its way may have begun something.
  for (let quiet = 0; quiet < 2 && elapsed() < context.restWithinMs; await wait(LOOK_MS)) {
    try {
      books = await readBooks(context.shop, context.office.admin, context.eventIds);
      quiet = openBusiness(books).length === 0 ? quiet + 1 : 0;
      if (quiet === 1) restMs = elapsed();
    } catch (error) {
      books = undefined;
      quiet = 0;
      unread = error instanceof Error ? error.message : String(error);
    }
  }
  const findings: Finding[] = [...context.diedByItself];
  if (books) findings.push(...judge(context.record, books));
  else findings.push({ equation: "ended", words: `the books cannot be read: ${unread}` });
  return { findings, restMs: restMs || elapsed() };
}

function wordsOf({ number, purchases, reserved, restMs, findings }: Round): string {
  const head = `round ${number}: ${purchases} purchases, ${reserved} reserved, at rest after ${(restMs / 1_000).toFixed(1)} s`;
  return findings.length === 0
    ? `${head}; every equation holds`
    : `${head}; BROKEN\n${findings
        .slice(0, 12)
        .map(({ equation, words }) => `      ${equation}: ${words}`)
        .join("\n")}`;
}
