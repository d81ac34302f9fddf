/** Conformance: one pass, one client, one event, one use, in time. */
import * as assert from "uvu/assert";
import type { OpenStore } from "./conformance.ts";
import { EVENT, type Promised, runPromises } from "./scene.ts";

const TTL_MS = 300_000;

export function passPromises(name: string, open: OpenStore): void {
  runPromises(`${name}: passes`, open, [holding, spending, givingBack]);
}

function holding(promise: Promised): void {
  promise("a pass is named pass_{uuid}, and ends its TTL after the admission", async (scene) => {
    const before = scene.clock.now();
    const pass = await scene.passFor("a");
    assert.match(pass.passToken, /^pass_[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
    assert.is(pass.expiresAtMs - pass.admittedAtMs, TTL_MS);
    assert.is(pass.admittedAtMs, before);
  });

  promise("each poll shows the same pass, parallel ones too (W8)", async (scene) => {
    const pass = await scene.passFor("a");
    const polls = await Promise.all(
      Array.from({ length: 5 }, () => scene.store.poll([scene.polling("a"), scene.polling("a")])),
    );
    for (const polled of polls.flat()) {
      assert.is(polled.result, "admitted");
      if (polled.result === "admitted") assert.is(polled.passToken, pass.passToken);
    }
    scene.clock.advance(TTL_MS - 1);
    const last = await scene.poll("a");
    assert.is(last.result === "admitted" && last.expiresAtMs, pass.expiresAtMs);
    assert.is((await scene.store.stats(EVENT)).admittedTotal, 1);
  });

  promise(
    "joining again with a live pass shows it, and takes no second place (W8)",
    async (scene) => {
      const pass = await scene.passFor("a");
      const joined = await scene.join("a");
      assert.is(joined.result === "admitted" && joined.passToken, pass.passToken);
      assert.is((await scene.store.stats(EVENT)).waiting, 0);
      scene.clock.advance(10_000);
      assert.is((await scene.admit()).length, 0);
    },
  );

  promise("an expired pass is gone, and its client joins again at the end (W7)", async (scene) => {
    await scene.passFor("a");
    await scene.store.changeSettings(EVENT, { paused: true });
    await scene.line("b");
    scene.clock.advance(TTL_MS);
    assert.is(await scene.position("a"), "notInLine");
    await scene.poll("b");
    const [again] = await scene.line("a");
    assert.is(again!.position, 1);
  });

  promise(
    "a spent pass is gone, and its client joins again and is admitted (W7)",
    async (scene) => {
      const pass = await scene.passFor("a");
      assert.is(await scene.redeem("a", pass.passToken, "order-1"), "redeemed");
      assert.is(await scene.position("a"), "notInLine");
      const again = await scene.passFor("a");
      assert.is.not(again.passToken, pass.passToken);
      assert.is(await scene.redeem("a", again.passToken, "order-2"), "redeemed");
    },
  );

  promise("a changed TTL holds for passes issued from then on", async (scene) => {
    const first = await scene.passFor("a");
    await scene.store.changeSettings(EVENT, { passTtlSeconds: 60 });
    const second = await scene.passFor("b");
    assert.is(second.expiresAtMs - second.admittedAtMs, 60_000);
    const polled = await scene.poll("a");
    assert.is(polled.result === "admitted" && polled.expiresAtMs, first.expiresAtMs);
  });

  promise("leaving gives the pass up", async (scene) => {
    const pass = await scene.passFor("a");
    assert.is(await scene.leave("a"), "left");
    assert.is(await scene.position("a"), "notInLine");
    assert.is(await scene.redeem("a", pass.passToken, "order"), "invalid");
  });
}

function spending(promise: Promised): void {
  promise("of two purchases at once, one gets through (W9)", async (scene) => {
    const { passToken } = await scene.passFor("a");
    const asked = { eventId: EVENT, clientId: "a", passToken };
    const answers = await scene.store.redeem([
      { ...asked, redemptionKey: "one" },
      { ...asked, redemptionKey: "two" },
    ]);
    assert.equal(
      answers.map((one) => one.result),
      ["redeemed", "invalid"],
    );
  });

  promise("the same purchase may present its spent pass again", async (scene) => {
    const { passToken } = await scene.passFor("a");
    assert.is(await scene.redeem("a", passToken, "order"), "redeemed");
    assert.is(await scene.redeem("a", passToken, "order"), "replayed");
    scene.clock.advance(TTL_MS - 1);
    assert.is(await scene.redeem("a", passToken, "order"), "replayed");
    assert.is(await scene.redeem("a", passToken, "other"), "invalid");
  });

  promise("another client, another event, a made-up pass open nothing (W10)", async (scene) => {
    const { passToken } = await scene.passFor("a");
    await scene.passFor("b");
    await scene.join("a", undefined, EVENT + 1);
    assert.is(await scene.redeem("b", passToken, "order"), "invalid");
    assert.is(await scene.redeem("a", passToken, "order", EVENT + 1), "invalid");
    assert.is(await scene.redeem("a", passToken, "order", EVENT + 99), "invalid");
    assert.is(await scene.redeem("a", "pass_made-up", "order"), "invalid");
    assert.is(await scene.redeem("a", "", "order"), "invalid");
    assert.is(await scene.redeem("a", passToken, "order"), "redeemed");
  });

  promise("a pass opens until just before its end, and not at it (W10)", async (scene) => {
    const early = await scene.passFor("a");
    scene.clock.advance(10_000);
    const late = await scene.passFor("b");
    scene.clock.advance(early.expiresAtMs - scene.clock.now());
    assert.is(await scene.redeem("a", early.passToken, "order"), "invalid");
    scene.clock.advance(late.expiresAtMs - scene.clock.now() - 1);
    assert.is(await scene.redeem("b", late.passToken, "order"), "redeemed");
  });
}

function givingBack(promise: Promised): void {
  promise("a refused purchase gives the pass back, with its old end (W11)", async (scene) => {
    const pass = await scene.passFor("a");
    await scene.redeem("a", pass.passToken, "refused");
    scene.clock.advance(1_000);
    assert.is(await scene.restore("a", pass.passToken, "refused"), "restored");
    const polled = await scene.poll("a");
    assert.is(polled.result === "admitted" && polled.passToken, pass.passToken);
    assert.is(polled.result === "admitted" && polled.expiresAtMs, pass.expiresAtMs);
    assert.is(await scene.redeem("a", pass.passToken, "next"), "redeemed");
    assert.is((await scene.store.stats(EVENT)).admittedTotal, 1);
  });

  promise("only the purchase that spent a pass can give it back", async (scene) => {
    const { passToken } = await scene.passFor("a");
    assert.is(await scene.restore("a", passToken, "order"), "nothing");
    await scene.redeem("a", passToken, "order");
    assert.is(await scene.restore("a", passToken, "other"), "nothing");
    assert.is(await scene.restore("b", passToken, "order"), "nothing");
    assert.is(await scene.redeem("a", passToken, "other"), "invalid");
    assert.is(await scene.restore("a", passToken, "order"), "restored");
    assert.is(await scene.restore("a", passToken, "order"), "nothing");
  });

  promise("nothing is given back after the pass' end", async (scene) => {
    const pass = await scene.passFor("a");
    // Spent late, so that it is still remembered when its own time is over.
    scene.clock.advance(200_000);
    await scene.redeem("a", pass.passToken, "order");
    scene.clock.advance(pass.expiresAtMs - scene.clock.now());
    assert.is(await scene.redeem("a", pass.passToken, "order"), "replayed");
    assert.is(await scene.restore("a", pass.passToken, "order"), "nothing");
    assert.is(await scene.position("a"), "notInLine");
  });

  promise(
    "one that joined anew meanwhile has its pass again, and no place beside it",
    async (scene) => {
      const pass = await scene.passFor("a");
      await scene.store.changeSettings(EVENT, { paused: true });
      await scene.redeem("a", pass.passToken, "order");
      await scene.line("b", "a", "c");
      assert.is(await scene.restore("a", pass.passToken, "order"), "restored");
      assert.is(await scene.position("a"), "admitted");
      assert.is(await scene.position("c"), 1);
      assert.is((await scene.store.stats(EVENT)).abandonedTotal, 0);
    },
  );

  promise("nobody holds two passes", async (scene) => {
    const first = await scene.passFor("a");
    await scene.redeem("a", first.passToken, "order");
    const second = await scene.passFor("a");
    assert.is(await scene.restore("a", first.passToken, "order"), "nothing");
    const polled = await scene.poll("a");
    assert.is(polled.result === "admitted" && polled.passToken, second.passToken);
  });
}
