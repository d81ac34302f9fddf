import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { HistoryLine, Op, RunEnd } from "../../judge/history.ts";
import { RunBuilder } from "../../judge/testing.ts";
import { type HistoryPart, mergeHistories, readOrder } from "./merge-histories.ts";

interface World {
  folder: string;
}

const test = suite<World>("merged histories");
test.before.each(async (world) => {
  world.folder = await mkdtemp(join(tmpdir(), "reservex-merge-"));
});
test.after.each((world) => rm(world.folder, { recursive: true }));

const { run, end } = new RunBuilder().history();
const END: RunEnd = { ...end!, atMs: 9_000 };

/** Invoked at each of these times, answered 30 ms later; ids as told, or from 0. */
function ops(client: number, invokedMs: readonly number[], ids = [...invokedMs.keys()]): Op[] {
  return invokedMs.map((ms, index) => {
    const base = { kind: "op", id: ids[index]!, client, outcome: "ok" } as const;
    return { ...base, op: "leave", intendedMs: ms - 1, invokedMs: ms, endedMs: ms + 30 };
  });
}

async function partOf(
  { folder }: World,
  lines: readonly HistoryLine[],
  toRun?: (ms: number) => number,
): Promise<HistoryPart> {
  const path = join(
    folder,
    `part-${Math.max(...lines.map((line) => ("client" in line ? line.client : 0)))}`,
  );
  await writeFile(path, [run, ...lines, END].map((line) => `${JSON.stringify(line)}\n`).join(""));
  const order = await readOrder(path, lines.filter(({ kind }) => kind === "op").length);
  return { path, order, ...(toRun && { toRun }) };
}

async function merged({ folder }: World, parts: readonly HistoryPart[]): Promise<HistoryLine[]> {
  const path = join(folder, "history.ndjson");
  const cut = { kind: "fault", atMs: 125, what: "cut", target: "queue", text: "cut" } as const;
  await mergeHistories(parts, path, run, { own: [cut], end: END });
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as HistoryLine);
}

test("a part of another clock is put on the run's: times, order and ids", async (world) => {
  const here = await partOf(world, ops(0, [100, 120]));
  const elsewhere = await partOf(world, ops(1, [5_090, 5_110]), (ms) => ms - 5_000);
  const lines = await merged(world, [here, elsewhere]);
  const seen = lines.flatMap((line) =>
    line.kind === "op"
      ? [[line.client, line.id, line.intendedMs, line.invokedMs, line.endedMs]]
      : [],
  );
  assert.equal(seen, [
    [1, 0, 89, 90, 120],
    [0, 1, 99, 100, 130],
    [1, 2, 109, 110, 140],
    [0, 3, 119, 120, 150],
  ]);
  const kinds = lines.map(({ kind }) => kind);
  assert.equal(kinds, ["run", "op", "fault", "op", "op", "op", "end"], "a fault in its place");
});

test("an id that a probe took and never used leaves the others theirs", async (world) => {
  const holed = await partOf(world, ops(0, [100, 140], [0, 2]));
  const other = await partOf(world, ops(1, [110, 150]));
  const lines = await merged(world, [holed, other]);
  const byId = lines
    .flatMap((line) => (line.kind === "op" ? [line] : []))
    .sort((a, b) => a.id - b.id);
  assert.equal(
    byId.map(({ invokedMs }) => invokedMs),
    [100, 110, 140, 150],
  );
  assert.is(new Set(byId.map(({ id }) => id)).size, 4);
});

test("a part that lacks a line, or breaks off in one, is refused", async (world) => {
  const path = join(world.folder, "short");
  const [first, second] = ops(0, [100, 120]).map((line) => JSON.stringify(line));
  await writeFile(path, `${JSON.stringify(run)}\n${first}\n`);
  const short = await readOrder(path, 2).catch((error: Error) => error);
  assert.match((short as Error).message, "it holds 1 operations of 2");
  await writeFile(path, `${JSON.stringify(run)}\n${first}\n${second!.slice(0, 20)}`);
  assert.instance(await readOrder(path, 2).catch((error: Error) => error), SyntaxError);
});

test.run();
