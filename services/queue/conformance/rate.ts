/** Conformance: how many passes, when, and to whom. */
import * as assert from "uvu/assert";
import type { Admitted } from "../waiting-room-store.ts";
import type { OpenStore, StoreOptions } from "./conformance.ts";
import { EVENT, names, type Promised, runPromises } from "./scene.ts";

const BURST: StoreOptions = { settings: { pacing: "burst" } };
const MINUTE_MS = 60_000;

export function ratePromises(name: string, open: OpenStore): void {
  runPromises(`${name}: rate`, open, [windows, gates, settingsLive, journal]);
}

/** The most admissions in any window of 60 s, both ends included. */
function fullest(admitted: readonly Admitted[]): number {
  const times = admitted.map((one) => one.admittedAtMs);
  return Math.max(
    0,
    ...times.map((from) => times.filter((at) => at >= from && at <= from + MINUTE_MS).length),
  );
}

function windows(promise: Promised): void {
  promise("no window of 60 s admits more than the limit, and 95 % are used (W1)", async (scene) => {
    const clients = names(400);
    await scene.store.enqueue(clients.map((one) => scene.joining(one)));
    const admitted = [...(await scene.admit()), ...(await scene.run(180_000, 200, clients))];
    assert.is(fullest(admitted), 100);
    assert.ok(admitted.length >= 285, `${admitted.length} of 300`);
    assert.equal(
      admitted.map((one) => one.clientId),
      clients.slice(0, admitted.length),
    );
  });

  promise(
    "no double burst at a minute's edge, nor at any other instant (W2)",
    async (scene) => {
      const clients = names(250);
      await scene.store.enqueue(clients.map((one) => scene.joining(one)));
      scene.clock.advance(MINUTE_MS - (scene.clock.now() % MINUTE_MS) - 10);
      await scene.store.poll(clients.map((one) => scene.polling(one)));
      const admitted = [...(await scene.admit())];
      assert.is(admitted.length, 100);
      admitted.push(...(await scene.run(MINUTE_MS, 500, clients)));
      assert.is(admitted.length, 100);
      scene.clock.advance(1);
      admitted.push(...(await scene.admit()));
      assert.is(admitted.length, 200);
      assert.is(fullest(admitted), 100);
    },
    BURST,
  );

  promise("smooth pacing spreads the passes of a minute", async (scene) => {
    const clients = names(100);
    await scene.store.enqueue(clients.map((one) => scene.joining(one)));
    const halves = [await scene.run(30_000, 100, clients), await scene.run(30_000, 100, clients)];
    for (const half of halves) assert.ok(half.length >= 47 && half.length <= 53);
  });

  promise("passes come though nobody polls, within everyone's grace (W3)", async (scene) => {
    await scene.line("a", "b", "c");
    const admitted = await scene.run(5_000, 100);
    assert.equal(
      admitted.map((one) => one.clientId),
      ["a", "b", "c"],
    );
    assert.ok(admitted.every((one) => one.waitedMs <= 5_000));
  });

  promise("a clock that steps back lets out no extra pass", async (scene) => {
    const clients = names(120);
    await scene.store.enqueue(clients.map((one) => scene.joining(one)));
    const admitted = [...(await scene.run(30_000, 100, clients))];
    scene.clock.advance(-20_000);
    admitted.push(...(await scene.run(50_000 - 100, 100, clients)));
    assert.ok(admitted.length <= 100, `${admitted.length}`);
    assert.is(fullest(admitted), admitted.length);
    const times = admitted.map((one) => one.admittedAtMs);
    assert.equal(
      times,
      times.toSorted((a, b) => a - b),
    );
  });

  promise("it is told when the next permit opens, and whether one lies idle", async (scene) => {
    await scene.line("a", "b", "c");
    const first = await scene.store.admit(EVENT, scene.sale);
    assert.equal([first.admitted.length, first.waiting], [2, 1]);
    const { lookAgainMs } = first;
    assert.ok(lookAgainMs !== undefined && lookAgainMs > 0 && lookAgainMs <= 600);
    scene.clock.advance(lookAgainMs - 1);
    assert.is((await scene.admit()).length, 0);
    scene.clock.advance(1);
    assert.is((await scene.admit()).length, 1);
    scene.clock.advance(1_000);
    assert.is((await scene.store.admit(EVENT, scene.sale)).lookAgainMs, 0);
  });
}

function gates(promise: Promised): void {
  promise("no pass before the sale, after it, while paused, or cancelled", async (scene) => {
    const { opensAtMs } = scene.sale;
    scene.sale = { opensAtMs: opensAtMs + 2_000, closesAtMs: opensAtMs + 10_000, cancelled: false };
    const clients = names(40);
    await scene.line(...clients);
    assert.is((await scene.store.admit(EVENT, scene.sale)).lookAgainMs, 2_000);
    assert.is((await scene.run(1_999, 1_999)).length, 0);
    assert.ok((await scene.run(1, 1)).length > 0);
    scene.sale = { ...scene.sale, cancelled: true };
    assert.is((await scene.run(1_000, 1_000)).length, 0);
    scene.sale = { ...scene.sale, cancelled: false };
    await scene.store.changeSettings(EVENT, { paused: true });
    assert.is((await scene.run(2_000, 1_000)).length, 0);
    await scene.store.changeSettings(EVENT, { paused: false });
    assert.ok((await scene.admit()).length > 0);
    await scene.run(4_000, 1_000, clients);
    assert.ok(scene.clock.now() < scene.sale.closesAtMs);
    const late = await scene.run(60_000, 1_000, clients);
    assert.ok(late.every((one) => one.admittedAtMs < scene.sale.closesAtMs));
    assert.is((await scene.store.admit(EVENT, scene.sale)).lookAgainMs, undefined);
  });

  promise("after the sale those in line are still answered", async (scene) => {
    await scene.store.changeSettings(EVENT, { paused: true });
    await scene.line("a");
    scene.sale = { ...scene.sale, closesAtMs: scene.clock.now() };
    assert.is(await scene.position("a"), 0);
  });
}

function settingsLive(promise: Promised): void {
  promise("the rate is changed live, up and down", async (scene) => {
    const clients = names(1_000);
    await scene.store.enqueue(clients.map((one) => scene.joining(one)));
    await scene.store.changeSettings(EVENT, { permitsPerMinute: 1 });
    assert.is((await scene.admit()).length, 1);
    assert.is((await scene.run(20_000, 500, clients)).length, 0);
    await scene.store.changeSettings(EVENT, { permitsPerMinute: 600 });
    const fast = await scene.run(10_000, 100, clients);
    assert.ok(fast.length >= 95 && fast.length <= 101, `${fast.length}`);
    await scene.store.changeSettings(EVENT, { permitsPerMinute: 60 });
    assert.is((await scene.run(45_000, 500, clients)).length, 0);
    assert.ok((await scene.run(20_000, 500, clients)).length > 0);
  });

  promise("pacing is changed live", async (scene) => {
    const clients = names(150);
    await scene.store.enqueue(clients.map((one) => scene.joining(one)));
    assert.is((await scene.admit()).length, 2);
    await scene.store.changeSettings(EVENT, { pacing: "burst" });
    assert.is((await scene.admit()).length, 98);
  });

  promise("a changed setting is answered whole, and the others stay", async (scene) => {
    const before = await scene.store.readSettings(EVENT);
    const changed = await scene.store.changeSettings(EVENT, { passTtlSeconds: 60 });
    assert.equal(changed, { ...before, passTtlSeconds: 60 });
    assert.equal(await scene.store.readSettings(EVENT), changed);
  });

  promise("the numbers add up", async (scene) => {
    await scene.line(...names(10));
    await scene.admit();
    await scene.leave("client9");
    const pass = await scene.poll("client0");
    assert.is(pass.result, "admitted");
    if (pass.result === "admitted") await scene.redeem("client0", pass.passToken, "k");
    assert.equal(await scene.store.stats(EVENT), {
      waiting: 7,
      active: 1,
      admittedLastMinute: 2,
      admittedTotal: 2,
      abandonedTotal: 1,
      permitsPerMinute: 100,
      paused: false,
    });
    scene.clock.advance(300_000);
    const later = await scene.store.stats(EVENT);
    assert.equal([later.active, later.admittedLastMinute, later.admittedTotal], [0, 0, 2]);
  });
}

function journal(promise: Promised): void {
  promise("the journal numbers all admissions in their order, page by page", async (scene) => {
    assert.equal(await scene.store.journal(EVENT, 0, 10), []);
    const clients = names(7);
    const places = await scene.line(...clients);
    await scene.join("elsewhere", undefined, EVENT + 1);
    await scene.admit(EVENT + 1);
    const admitted = [...(await scene.admit()), ...(await scene.run(5_000, 100, clients))];
    const expected = admitted.map(({ clientId, admittedAtMs }, at) => {
      return { number: at + 1, clientId, joinedAtMs: places[at]!.joinedAtMs, admittedAtMs };
    });
    assert.is(expected.length, 7);
    scene.clock.advance(300_000);
    assert.equal(await scene.store.journal(EVENT, 0, 10), expected);
    assert.equal(await scene.store.journal(EVENT, 0, 3), expected.slice(0, 3));
    assert.equal(await scene.store.journal(EVENT, 3, 3), expected.slice(3, 6));
    assert.equal(await scene.store.journal(EVENT, 6, 3), expected.slice(6));
    assert.equal(await scene.store.journal(EVENT, 7, 3), []);
    assert.is((await scene.store.journal(EVENT + 1, 0, 10))[0]!.clientId, "elsewhere");
  });

  promise("what this process has admitted is nobody else's", async (scene) => {
    await scene.line("a", "b", "c");
    const first = await scene.store.admit(EVENT, scene.sale);
    assert.equal([first.admitted.length, first.elsewhere], [2, []]);
    assert.equal((await scene.store.admit(EVENT, scene.sale)).elsewhere, []);
  });
}
