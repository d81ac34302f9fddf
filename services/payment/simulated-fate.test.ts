/** The simulated provider's draws: the same for the same seed and key, and in the shares asked for. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { ProviderBehaviour } from "../common/contracts/payment.ts";
import { chargeFate, type Fate, latencyMs } from "./simulated-fate.ts";

const honest: ProviderBehaviour = {
  failurePercent: 0,
  minLatencyMs: 20,
  maxLatencyMs: 120,
  silentPercent: 0,
  latePercent: 0,
  lateMs: 1_000,
  seed: 1,
};
const keys = Array.from({ length: 10_000 }, (_, index) => `charge-saga_${index}`);

function shares(behaviour: ProviderBehaviour): Readonly<Record<Fate, number>> {
  const counts = { silent: 0, declined: 0, late: 0, captured: 0 };
  for (const key of keys) counts[chargeFate(behaviour, key)] += 100 / keys.length;
  return counts;
}

test("the same seed and key have the same fate and latency, another seed has others", () => {
  const mixed = { ...honest, failurePercent: 50 };
  const fates = (seed: number) => keys.map((key) => chargeFate({ ...mixed, seed }, key));
  const times = (seed: number) => keys.map((key) => latencyMs({ ...mixed, seed }, "charge", key));
  assert.equal(fates(7), fates(7));
  assert.equal(times(7), times(7));
  assert.not.equal(fates(7), fates(8));
  assert.not.equal(times(7), times(8));
});

test("an honest provider captures everything", () => {
  assert.is(Math.round(shares(honest).captured), 100);
});

test("each fate has its share of the charges", () => {
  const seen = shares({ ...honest, failurePercent: 20, silentPercent: 10, latePercent: 5 });
  // Four standard deviations of a share of 10,000 draws are at most two percent.
  const near = (share: number, wanted: number) =>
    assert.ok(Math.abs(share - wanted) < 2, `${share}`);
  near(seen.declined, 20);
  near(seen.silent, 10);
  near(seen.late, 5);
  near(seen.captured, 65);
});

test("a percentage of 100 leaves no other fate", () => {
  assert.is(Math.round(shares({ ...honest, failurePercent: 100 }).declined), 100);
  assert.is(Math.round(shares({ ...honest, silentPercent: 100 }).silent), 100);
  assert.is(Math.round(shares({ ...honest, latePercent: 100 }).late), 100);
});

test("more declines leave the silent ones as they were", () => {
  const before = { ...honest, silentPercent: 10 };
  const after = { ...before, failurePercent: 60 };
  const silent = (behaviour: ProviderBehaviour) =>
    keys.filter((key) => chargeFate(behaviour, key) === "silent");
  assert.equal(silent(before), silent(after));
});

test("latencies lie evenly between their bounds", () => {
  const times = keys.map((key) => latencyMs(honest, "find", key));
  assert.ok(Math.min(...times) >= 20 && Math.max(...times) <= 120);
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  assert.ok(Math.abs(mean - 70) < 2, `${mean}`);
  assert.is(latencyMs({ ...honest, minLatencyMs: 5, maxLatencyMs: 5 }, "find", "a"), 5);
});

test.run();
