/** A small shop, a run against it, and what holds for the history of every run. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { suite } from "uvu";
import * as assert from "uvu/assert";
import type { HistoryLine, Op, RunEnd, StockSample } from "../../judge/history.ts";
import { type RunHandle, runSale } from "../engine.ts";
import type { ClientCounts } from "../snapshot.ts";
import { FakeShop, type ShopOptions } from "./fake-shop.ts";
import { type PlanChanges, planOf } from "./plans.ts";

export interface RunWorld {
  folder: string;
  path: string;
  shop: FakeShop;
}

const QUICK = { thinkMinMs: 5, thinkMaxMs: 50, stockEveryMs: 100, connections: 16 };
export const never = new AbortController().signal;

/** A folder before each test; after it, the shop that it began is closed. */
export function prepare(test: ReturnType<typeof suite<RunWorld>>): void {
  test.before.each(async (world) => {
    world.folder = await mkdtemp(join(tmpdir(), "reservex-engine-"));
    world.path = join(world.folder, "history.ndjson");
  });
  test.after.each(async (world) => {
    await world.shop.close();
    await rm(world.folder, { recursive: true });
  });
}

/** Opens a shop and lets the crowd in. */
export async function begin(
  world: RunWorld,
  shop: Partial<ShopOptions>,
  changes: PlanChanges,
  signal: AbortSignal = never,
): Promise<RunHandle> {
  world.shop = new FakeShop(shop);
  const url = await world.shop.open();
  const tuning = { ...QUICK, ...changes.tuning };
  return runSale(planOf({ ...changes, url, tuning }), { historyPath: world.path }, signal);
}

export interface Read {
  readonly lines: readonly HistoryLine[];
  readonly ops: readonly Op[];
  readonly stock: readonly StockSample[];
  readonly end: RunEnd;
}

/** Reads the history and checks what holds for every one of them. */
export async function read(path: string, clients: number): Promise<Read> {
  const text = await readFile(path, "utf8");
  assert.ok(text.endsWith("\n"));
  const lines: HistoryLine[] = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.is(lines[0]?.kind, "run");
  const end = lines.at(-1);
  if (end?.kind !== "end") throw new Error("the history has no end");
  const ops = lines.filter((line) => line.kind === "op");
  const stock = lines.filter((line) => line.kind === "stock");
  let lastEnded = 0;
  for (const op of ops) {
    assert.ok(op.intendedMs <= op.invokedMs && op.invokedMs <= op.endedMs, JSON.stringify(op));
    assert.ok(op.endedMs >= lastEnded, "lines are in the order in which operations ended");
    assert.ok(op.client >= 0 && op.client < clients);
    lastEnded = op.endedMs;
  }
  const byId = [...ops].sort((a, b) => a.id - b.id);
  for (const [i, op] of byId.entries()) {
    assert.is(op.id, i, "ids count up without a gap");
    assert.ok(i === 0 || op.invokedMs >= byId[i - 1]!.invokedMs, "ids ascend by invocation");
  }
  return { lines, ops, stock, end };
}

/** Everybody is in one group. */
export function sumOf({ total, ...groups }: ClientCounts): number {
  const sum = Object.values(groups).reduce((all, count) => all + count, 0);
  assert.is(sum, total);
  return sum;
}

export const ofKind = <K extends Op["op"]>(ops: readonly Op[], op: K) =>
  ops.filter((one): one is Extract<Op, { op: K }> => one.op === op);
