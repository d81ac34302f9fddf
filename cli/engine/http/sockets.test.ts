import { test } from "uvu";
import * as assert from "uvu/assert";
import { planSockets, sourceAddress } from "./sockets.ts";

const NEAR = ["http://127.0.0.1:8083", "http://127.0.0.1:8080"];

test("a few sockets come from wherever the system likes", () => {
  const needs = { clients: 9_000, workers: 1, origins: NEAR, fileLimit: 20_000 };
  assert.equal(planSockets(needs), { possible: true, sourceAddresses: 1 });
  assert.is(sourceAddress(8_999, 1), undefined);
});

test("a hundred thousand clients need several workers and several addresses", () => {
  const needs = { clients: 100_000, workers: 1, origins: NEAR, fileLimit: 20_000 };
  const alone = planSockets(needs);
  assert.is(alone.possible, false);
  if (!alone.possible) assert.match(alone.because, /200512 open files .* --workers 11 would do/);
  assert.equal(planSockets({ ...needs, workers: 11 }), { possible: true, sourceAddresses: 8 });
  const used = new Set(Array.from({ length: 100 }, (_, client) => sourceAddress(client, 8)));
  assert.is(used.size, 8);
  assert.ok(used.has("127.0.0.2") && used.has("127.0.0.9"));
});

test("services behind one address cost one socket a client", () => {
  const needs = { clients: 19_000, workers: 1, origins: [NEAR[0]!, NEAR[0]!], fileLimit: 20_000 };
  assert.equal(planSockets(needs), { possible: true, sourceAddresses: 1 });
});

test("more sockets than ports, to a target elsewhere, are refused by name", () => {
  const origins = ["http://10.0.0.7:8083", "http://10.0.0.7:8080"];
  const plan = planSockets({ clients: 50_000, workers: 8, origins, fileLimit: undefined });
  assert.is(plan.possible, false);
  if (!plan.possible) assert.match(plan.because, /10\.0\.0\.7.*--sockets shared/);
});

test.run();
