/** The recorder: one JSON document a line, nothing sent is forgotten. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { HistoryLine, TesterHealth } from "../judge/history.ts";
import { pollRequest, reserveRequest } from "./client/script.ts";
import { Meters } from "./meters.ts";
import { type Job, Recorder } from "./recorder.ts";
import { contextOf, planOf } from "./testing/plans.ts";

const HEALTH: TesterHealth = {
  sendLagMs: { p50: 0, p99: 0, max: 0 },
  eventLoopLagMs: { p99: 0, max: 0 },
  droppedArrivals: 0,
};

const test = suite<{ folder: string }>("recorder");
test.before.each(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), "reservex-recorder-"));
});
test.after.each(async (context) => {
  await rm(context.folder, { recursive: true });
});

const quiet = {
  caughtUp: () => undefined,
  failed: (error: Error) => {
    throw error;
  },
};
const { script, who } = contextOf("honest");

function jobOf(client: number, request = pollRequest(script, who)): Job {
  return { client, request, intendedMs: 1, handedMs: 1.5, id: -1, invokedMs: -1 };
}

async function linesOf(path: string): Promise<HistoryLine[]> {
  const text = await readFile(path, "utf8");
  assert.ok(text.endsWith("\n"));
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

test("a run is written line by line, the header first, the end last", async ({ folder }) => {
  const path = join(folder, "history.ndjson");
  const plan = planOf();
  const recorder = new Recorder(plan, path, new Meters(), quiet);
  const poll = jobOf(4);
  recorder.invoked(poll, 2.00049);
  const answer = recorder.ended(poll, {
    outcome: "ok",
    status: 200,
    body: { position: 3, passReady: true, passToken: "pass_1", passExpiresAt: "2026", secret: 1 },
    endedMs: 12.3456,
  });
  assert.is(answer.facts.pass, "pass_1");
  recorder.stock(13, [{ id: 11, totalStock: 5, availableStock: 4, held: 1 }]);
  recorder.note(14, "sold out");
  await recorder.finish("everyone-done", 20, HEALTH);
  const { runId, startedAt, seed, settings, sale } = plan;
  assert.equal(await linesOf(path), [
    { kind: "run", version: 1, runId, startedAt, seed, settings, sale },
    {
      kind: "op",
      id: 0,
      client: 4,
      intendedMs: 1,
      invokedMs: 2,
      endedMs: 12.346,
      outcome: "ok",
      status: 200,
      op: "poll",
      position: 3,
      pass: "pass_1",
      passExpiresAt: "2026",
    },
    {
      kind: "stock",
      atMs: 13,
      products: [{ id: 11, totalStock: 5, availableStock: 4, held: 1 }],
    },
    { kind: "note", atMs: 14, text: "sold out" },
    { kind: "end", atMs: 20, reason: "everyone-done", tester: HEALTH },
  ]);
});

test("what is on the wire when the run ends is unknown", async ({ folder }) => {
  const path = join(folder, "history.ndjson");
  const recorder = new Recorder(planOf(), path, new Meters(), quiet);
  const reserve = jobOf(1, reserveRequest(script, who, 0, "key-1", "pass_1", "spent-pass"));
  recorder.invoked(reserve, 5);
  recorder.invoked(jobOf(2), 6);
  assert.is(recorder.inFlight, 2);
  await recorder.finish("interrupted", 9, HEALTH);
  const [, cut, other, end] = await linesOf(path);
  assert.equal(cut, {
    kind: "op",
    id: 0,
    client: 1,
    intendedMs: 1,
    invokedMs: 5,
    endedMs: 9,
    outcome: "unknown",
    code: "RUN_ENDED",
    op: "reserve",
    pass: "pass_1",
    key: "key-1",
    productId: 11,
    quantity: 1,
    attack: "spent-pass",
  });
  assert.is(other?.kind === "op" && other.code, "RUN_ENDED");
  assert.is(end?.kind === "end" && end.reason, "interrupted");
});

test("a request whose connection could not be opened is an operation of one instant", async ({
  folder,
}) => {
  const path = join(folder, "history.ndjson");
  const recorder = new Recorder(planOf(), path, new Meters(), quiet);
  recorder.ended(jobOf(2), { outcome: "unknown", code: "CONNECTION", endedMs: 8 });
  await recorder.finish("everyone-done", 9, HEALTH);
  const [, op] = await linesOf(path);
  if (op?.kind !== "op") return assert.unreachable();
  assert.is(op.invokedMs, 8);
  assert.is(op.endedMs, 8);
  assert.is(op.id, 0);
});

test("a disk that lags is noticed, and noticed again when it has caught up", async ({ folder }) => {
  const path = join(folder, "history.ndjson");
  const caughtUp = Promise.withResolvers<void>();
  const recorder = new Recorder(planOf(), path, new Meters(), {
    ...quiet,
    caughtUp: () => caughtUp.resolve(),
  });
  let written = 0;
  for (; !recorder.behind && written < 100_000; written += 1) recorder.note(1, "x".repeat(1_000));
  assert.ok(recorder.behind, "more than the buffer was taken without a word");
  await caughtUp.promise;
  assert.not.ok(recorder.behind);
  await recorder.finish("everyone-done", 9, HEALTH);
  assert.is((await linesOf(path)).length, written + 2);
});

test("a history that cannot be written is said once, and the end rejects", async ({ folder }) => {
  const failed = Promise.withResolvers<Error>();
  const recorder = new Recorder(planOf(), join(folder, "no", "such"), new Meters(), {
    ...quiet,
    failed: (error) => failed.resolve(error),
  });
  assert.match((await failed.promise).message, /the history cannot be written: ENOENT/);
  recorder.note(1, "nobody hears this");
  try {
    await recorder.finish("everyone-done", 9, HEALTH);
    assert.unreachable();
  } catch (error) {
    assert.match(String(error), /cannot be written/);
  }
});

test.run();
