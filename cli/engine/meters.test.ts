/** Meters: percentiles, rates and the estimated end. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Durations, Meters } from "./meters.ts";
import { PlacesTold } from "./places-told.ts";

test("percentiles are within a thousandth, and nothing measured is zero", () => {
  const durations = new Durations();
  assert.equal(durations.percentiles(), { p50: 0, p99: 0, max: 0 });
  for (let ms = 1; ms <= 1_000; ms += 1) durations.add(ms);
  const { p50, p99, max } = durations.percentiles();
  assert.ok(Math.abs(p50 - 500) <= 0.5, `${p50}`);
  assert.ok(Math.abs(p99 - 990) <= 1, `${p99}`);
  assert.ok(Math.abs(max - 1_000) <= 1, `${max}`);
});

test("negative and endless durations are kept at the edges", () => {
  const durations = new Durations();
  durations.add(-3);
  durations.add(1e12);
  assert.is(durations.count, 2);
  assert.ok(durations.percentiles().max <= 3_601_000);
});

test("admissions of the last minute are those of sixty seconds, not of all time", () => {
  const meters = new Meters();
  for (let second = 0; second < 100; second += 1) {
    meters.admitted();
    meters.tick(5, 0);
  }
  meters.admitted();
  assert.is(meters.admittedTotal, 101);
  assert.is(meters.admittedLastMinute, 60);
  assert.is(meters.admissionHistory.length, 100);
});

test("histories keep two minutes", () => {
  const meters = new Meters();
  for (let second = 0; second < 300; second += 1) meters.tick(second, 0);
  assert.is(meters.lineHistory.length, 120);
  assert.is(meters.lineHistory.at(-1), 299);
});

test("the end is estimated from the last ten seconds only", () => {
  const meters = new Meters();
  assert.is(meters.etaSeconds(1_000, 0), undefined);
  let ended = 0;
  for (let second = 0; second < 30; second += 1) meters.tick(0, ended);
  assert.is(meters.etaSeconds(1_000, 0), undefined);
  for (let second = 0; second < 30; second += 1) {
    ended += 10;
    meters.tick(0, ended);
  }
  const eta = meters.etaSeconds(1_000, ended + 10);
  assert.ok(eta !== undefined && Math.abs(eta - 69) < 1, `${eta}`);
});

test("errors come most frequent first, and endless codes fill one row", () => {
  const meters = new Meters();
  const refuse = (code: string) =>
    meters.refused("refused", { atMs: 1, client: 0, op: "join", code });
  for (let i = 0; i < 500; i += 1) refuse(`CODE_${i}`);
  for (let i = 0; i < 3; i += 1) refuse("CODE_7");
  const errors = meters.errors();
  assert.equal(errors[0], { kind: "refused", code: "OTHER", count: 400 });
  assert.equal(errors[1], { kind: "refused", code: "CODE_7", count: 4 });
  assert.is(errors.length, 101);
  assert.is(meters.recentErrors.length, 20);
  assert.is(meters.recentErrors.at(-1)?.code, "CODE_7");
});

test("each second has a percentile of its own, and raw latencies stand beside corrected ones", () => {
  const meters = new Meters();
  for (let i = 0; i < 100; i += 1) meters.answered("join", 50, 20);
  meters.tick(0, 0);
  meters.tick(0, 0);
  for (let i = 0; i < 100; i += 1) meters.answered("join", 10, 10);
  meters.tick(0, 0);
  const [line] = meters.latency();
  assert.equal(line?.p99History.map(Math.round), [50, 0, 10]);
  assert.is(Math.round(line?.p90 ?? 0), 50);
  assert.is(Math.round(line?.raw.max ?? 0), 20);
});

test("places in line are counted by decades, and nobody is counted twice", () => {
  const places = new PlacesTold(3);
  places.told(0, 0);
  places.told(1, 10);
  places.told(2, 2_000_000);
  assert.equal(places.counts, [1, 0, 1, 0, 0, 0, 1]);
  places.told(1, 9);
  places.gone(0);
  places.gone(0);
  assert.equal(places.counts, [0, 1, 0, 0, 0, 0, 1]);
});

test.run();
