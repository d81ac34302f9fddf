/** Whole runs against a small shop in memory: everyone ends, everything is recorded. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { unusualOf } from "../report/unusual.ts";
import { begin, ofKind, prepare, type RunWorld, read, sumOf } from "./testing/run-world.ts";

const test = suite<RunWorld>("engine");
prepare(test);

test("two hundred clients, a hundred seats: all end, all seats are sold", async (world) => {
  const run = await begin(world, { passesPerSecond: 100 }, { clients: 200 });
  const result = await run.done;
  const { ops, stock, end, lines } = await read(world.path, 200);
  assert.is(result.reason, "everyone-done");
  assert.is(end.reason, "everyone-done");
  assert.is(result.operations, ops.length);
  const { clients, bookings, progress, phase } = result.snapshot;
  sumOf(clients);
  assert.is(clients.confirmed, 100);
  assert.is(clients.soldOut, 100);
  assert.is(progress, 1);
  assert.is(phase, "settling");
  assert.equal(bookings, { pending: 0, confirmed: 100, cancelled: 0 });
  assert.ok(world.shop.products.every((product) => product.availableStock === 0));
  assert.is(new Set(ops.map((op) => op.client)).size, 200);
  assert.is(ops.filter((op) => op.outcome === "unknown").length, 0);
  assert.ok(stock.length > 0);
  for (const sample of stock) {
    for (const line of sample.products) {
      assert.is(line.availableStock + line.held, line.totalStock);
      assert.equal(Object.keys(line), ["id", "totalStock", "availableStock", "held"]);
    }
  }
  assert.ok(lines.some((line) => line.kind === "note" && line.text.startsWith("sold out at")));
  const booked = ofKind(ops, "reserve").filter((op) => op.outcome === "ok");
  assert.is(new Set(booked.map((op) => op.reservationId)).size, 100);
  assert.is(new Set(booked.map((op) => op.key)).size, 100);
  assert.is(end.tester.droppedArrivals, 0);
});

test("absent clients, attackers and failing payments all come to their ends", async (world) => {
  const changes = { clients: 200, absentPercent: 20, attackersPercent: 12 };
  const run = await begin(world, { failEvery: 10, stock: [100, 100, 100] }, changes);
  const { snapshot } = await run.done;
  const { ops } = await read(world.path, 200);
  const { clients, bookings } = snapshot;
  sumOf(clients);
  assert.is(clients.absent, 40);
  assert.is(clients.attackers, 24);
  assert.is(clients.gaveUp, 0);
  assert.is(clients.confirmed + clients.cancelled, 136);
  assert.ok(clients.cancelled > 0);
  assert.is(bookings.confirmed + bookings.cancelled, 148, "a dozen attackers buy too");
  const attacks = ofKind(ops, "reserve").filter((op) => op.attack !== undefined);
  const kinds = new Map<string, number>();
  for (const { attack, outcome } of attacks) {
    assert.is(outcome, "fail");
    kinds.set(attack!, (kinds.get(attack!) ?? 0) + 1);
  }
  assert.equal(Object.fromEntries([...kinds].sort()), {
    "foreign-pass": 4,
    "forged-pass": 4,
    "no-pass": 4,
    "spent-pass": 4,
  });
  const stolen = attacks.filter((op) => op.attack === "foreign-pass");
  const owners = new Map(ofKind(ops, "poll").map((op) => [op.pass, op.client]));
  for (const op of stolen) {
    assert.ok(owners.has(op.pass));
    assert.is.not(owners.get(op.pass), op.client);
  }
});

test("a double click joins twice at once", async (world) => {
  const tuning = { doubleClickPercent: 100 };
  const run = await begin(world, { stock: [50, 0, 0] }, { clients: 30, tuning });
  const { snapshot } = await run.done;
  const { ops } = await read(world.path, 30);
  assert.is(snapshot.clients.confirmed, 30);
  const joins = ofKind(ops, "join");
  assert.is(joins.length, 60);
  for (let client = 0; client < 30; client += 1) {
    const own = joins.filter((op) => op.client === client);
    assert.is(own.length, 2);
    assert.is(own[0]!.intendedMs, own[1]!.intendedMs);
  }
});

test("cuts, errors and shed load are survived, each purchase with one key", async (world) => {
  const run = await begin(world, { stock: [100, 100, 100] }, { clients: 60 });
  let calls = 0;
  const problem = (status: number, code: string) => ({ status, body: { code } });
  world.shop.trouble = (_method, path) => {
    if (path.startsWith("/api/admin")) return undefined;
    calls += 1;
    if (calls % 17 === 0) return "cut";
    if (calls % 19 === 0) return problem(500, "INTERNAL");
    if (calls % 23 === 0) return problem(503, "OVERLOADED");
    return undefined;
  };
  const { snapshot } = await run.done;
  const { ops } = await read(world.path, 60);
  assert.is(snapshot.clients.confirmed, 60);
  assert.is(world.shop.bookings.length, 60);
  for (let client = 0; client < 60; client += 1) {
    const keys = ofKind(ops, "reserve").filter((op) => op.client === client);
    assert.is(new Set(keys.map((op) => op.key)).size, 1);
  }
  const codes = snapshot.errors.map(({ code }) => code);
  for (const code of ["CONNECTION", "INTERNAL", "OVERLOADED"])
    assert.ok(codes.includes(code), code);
});

test("the same seed gives the same crowd, wishes, keys and all", async (world) => {
  const crowd = async () => {
    const run = await begin(world, { stock: [100, 100, 100] }, { clients: 50, seed: 7 });
    await run.done;
    const { ops } = await read(world.path, 50);
    const joins = ofKind(ops, "join").sort((a, b) => a.intendedMs - b.intendedMs);
    const buys = ofKind(ops, "reserve").map((op) => `${op.client} ${op.key} ${op.productId}`);
    return [...joins.map((op) => op.client), ...buys.sort()];
  };
  const once = await crowd();
  await world.shop.close();
  assert.equal(await crowd(), once);
});

test("habits and attacks are in the record by name, and no habit buys twice", async (world) => {
  const habits = { impatientPercent: 20, doubleClickPercent: 30, retryingPercent: 30 };
  const changes = { clients: 300, attackersPercent: 10, habits } as const;
  const run = await begin(world, { passesPerSecond: 100, stock: [500, 500, 500] }, changes);
  const { snapshot } = await run.done;
  const { ops } = await read(world.path, 300);
  sumOf(snapshot.clients);
  assert.ok(snapshot.clients.leftEarly > 10);
  assert.is(snapshot.bookings.pending, 0);
  assert.is(world.shop.bookings.length, new Set(world.shop.bookings.map((one) => one.userId)).size);
  const rows = unusualOf(ops);
  const names = new Set(rows.map((row) => `${row.what} ${row.op}`));
  for (const name of [
    ...["impatient leave", "double-click join", "double-click reserve", "retry reserve"],
    ...["no-pass reserve", "forged-pass reserve", "foreign-pass reserve", "spent-pass reserve"],
    ...["poll-flood poll", "many-accounts join"],
  ]) {
    assert.ok(names.has(name), name);
  }
  const gang = ofKind(ops, "join").filter((op) => op.attack === "many-accounts");
  assert.is(new Set(gang.map((op) => op.intendedMs)).size, 1, "five accounts, one instant");
  assert.is(new Set(gang.map((op) => op.client)).size, 5);
});

test("recorded arrivals are replayed to the millisecond", async (world) => {
  const arrivalOffsetsMs = [0, 0, 150, 410.5, 411];
  const changes = { clients: 5, arrivals: "replay", arrivalOffsetsMs } as const;
  const run = await begin(world, {}, changes);
  await run.done;
  const joins = ofKind((await read(world.path, 5)).ops, "join").sort((a, b) => a.client - b.client);
  const zero = joins[0]!.intendedMs;
  for (const { client, intendedMs } of joins) {
    assert.ok(Math.abs(intendedMs - zero - arrivalOffsetsMs[client]!) < 0.01);
  }
});

test.run();
