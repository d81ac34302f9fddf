import { test } from "uvu";
import * as assert from "uvu/assert";
import { csvNumbers } from "./join.ts";

test("redis-benchmark's figures are read whatever stands in the name of its test", () => {
  const head = '"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95","p99","max"';
  const name = '"EVALSHA 1f 1 q:1:z {""clients"":[{""id"":""__rand_int__""}]} 7"';
  const text = `${head}\n${name},"38800.10","1.6","0.2","1.5","2.1","3.25","9.9"\n`;
  assert.equal(csvNumbers(text), { perSecond: 38_800.1, p50Ms: 1.5, p99Ms: 3.25 });
});

test("an answer without figures is none", () => {
  assert.is(csvNumbers(""), undefined);
  assert.is(
    csvNumbers("Could not connect to Redis at 127.0.0.1:1: Connection refused\n"),
    undefined,
  );
});

test.run();
