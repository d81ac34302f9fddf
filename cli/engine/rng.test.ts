/** Randomness: one seed replays one crowd, and clients do not share draws. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { shuffled, streamOf, unit, uuidOf, whole } from "./rng.ts";

test("a stream repeats itself for the same seed, purpose and client", () => {
  const once = streamOf(42, "traits", 5);
  const again = streamOf(42, "traits", 5);
  for (let i = 0; i < 20; i += 1) assert.is(unit(once), unit(again));
});

test("seeds, purposes, clients and large seeds' upper halves all give other streams", () => {
  const firsts = [
    unit(streamOf(42, "traits", 5)),
    unit(streamOf(43, "traits", 5)),
    unit(streamOf(42, "arrivals", 5)),
    unit(streamOf(42, "traits", 6)),
    unit(streamOf(42, "traits", 5, 1)),
    unit(streamOf(42 + 2 ** 40, "traits", 5)),
  ];
  assert.is(new Set(firsts).size, firsts.length);
});

test("the first draws of neighbouring clients are spread evenly", () => {
  const buckets = new Array<number>(10).fill(0);
  for (let client = 0; client < 10_000; client += 1) {
    buckets[Math.floor(unit(streamOf(1, "traits", client)) * 10)]! += 1;
  }
  for (const bucket of buckets) assert.ok(Math.abs(bucket - 1_000) < 150, buckets.join(" "));
});

test("whole numbers stay within their bounds and reach them", () => {
  const stream = streamOf(7, "traits");
  const seen = new Set(Array.from({ length: 200 }, () => whole(stream, 2, 4)));
  assert.equal([...seen].sort(), [2, 3, 4]);
});

test("a shuffle keeps every number once", () => {
  const order = shuffled(streamOf(7, "cast"), 100);
  assert.is(new Set(order).size, 100);
  assert.is.not(order.join(), [...order].sort((a, b) => a - b).join());
});

test("keys have the form of a UUID and never repeat", () => {
  const keys = new Set<string>();
  for (let client = 0; client < 2_000; client += 1) {
    for (let n = 1; n <= 3; n += 1) keys.add(uuidOf(42, client, n));
  }
  assert.is(keys.size, 6_000);
  for (const key of keys) {
    assert.match(key, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  }
  assert.is(uuidOf(42, 9, 1), uuidOf(42, 9, 1));
});

test.run();
