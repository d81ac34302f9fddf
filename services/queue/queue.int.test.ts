/** The life of a line: joining, waiting, passes, and the sale behind it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { PassRedemption, Place, Stats, Status } from "../common/contracts/queue.ts";
import { EVENT_CHANGED } from "../common/contracts/ticket.ts";
import type { ProblemBody } from "../common/errors.ts";
import { eventually } from "../common/testing/service-harness.ts";
import { post, withQueue } from "./testing/queue-stage.ts";

test("a client joins, waits, gets a pass that opens the gate once, and joins again", async () => {
  await withQueue({ PERMITS_PER_MINUTE: "6000" }, async (queue) => {
    const token = await queue.token(5);
    const joined = await queue.http<Place>("queue", "/queue/1/enqueue", post(token));
    assert.is(joined.status, 200);
    const { userKey, position, displayOffset, pollAfterSeconds } = joined.body;
    assert.equal([userKey, position, pollAfterSeconds], ["u:5", 0, 1]);
    assert.ok(displayOffset >= 30 && displayOffset <= 60);

    const ask = () => queue.http<Status>("queue", "/queue/1/status", { token });
    const { body } = await eventually(ask, (answer) => answer.body.passReady);
    const lives = Date.parse(body.passExpiresAt ?? "") - Date.now();
    assert.ok(lives > 290_000 && lives <= 300_000);
    const redemption: PassRedemption = {
      eventId: 1,
      clientId: "5",
      passToken: body.passToken ?? "",
      redemptionKey: "order",
    };
    const call = (action: string, change: Partial<PassRedemption> = {}) =>
      queue.broker.call<{ result: string }, object>(action, { ...redemption, ...change });
    assert.is((await call("queue.redeemPass", { clientId: "6" })).result, "invalid");
    assert.is((await call("queue.redeemPass")).result, "redeemed");
    assert.is((await call("queue.redeemPass")).result, "replayed");
    assert.is((await call("queue.redeemPass", { redemptionKey: "other" })).result, "invalid");
    const gone = await ask();
    assert.equal([gone.status, (gone.body as unknown as ProblemBody).code], [404, "NOT_IN_QUEUE"]);
    assert.is((await call("queue.restorePass")).result, "restored");
    assert.is((await ask()).body.passToken, body.passToken);
    assert.is((await call("queue.redeemPass")).result, "redeemed");
    assert.is((await queue.http("queue", "/queue/1/enqueue", post(token))).status, 200);
  });
});

test("200 clients, some absent, a pause: in order, never above the rate, permits used", async () => {
  // Five times as fast as the wall: a minute of the room's time is 12 s, and a machine that stands
  // still for 2 s does not look like permits that go to nobody.
  const [startMs, zero] = [Date.now(), performance.now()];
  let skippedMs = 0;
  const clock = { now: () => startMs + skippedMs + (performance.now() - zero) * 5 };
  await withQueue(
    { PERMITS_PER_MINUTE: "100" },
    async (queue, sales) => {
      sales.open(1, -60_000, 86_400_000);
      const admin = await queue.token(1, "ADMIN");
      const set = (body: object) =>
        queue.http("queue", "/queue/1/settings", { method: "PATCH", token: admin, body });
      assert.is((await set({ paused: true })).status, 200);
      const clients = await Promise.all(
        Array.from({ length: 200 }, async (_, id) => {
          return { id: String(id + 10), token: await queue.token(id + 10), absent: id % 5 === 0 };
        }),
      );
      for (const { token } of clients) {
        assert.is((await queue.http("queue", "/queue/1/enqueue", post(token))).status, 200);
      }
      const present = clients.filter((one) => !one.absent);
      const admittedAt = new Map<string, number>();
      const pollAll = async () => {
        const waiting = present.filter((one) => !admittedAt.has(one.id));
        await Promise.all(
          waiting.map(async ({ id, token }) => {
            const { status, body } = await queue.http<Status>("queue", "/queue/1/status", {
              token,
            });
            assert.is(status, 200);
            if (body.passReady) admittedAt.set(id, Date.parse(body.passExpiresAt ?? "") - 300_000);
          }),
        );
      };
      // Until the absent have surely given way: after 125 s at most. The others never miss a poll.
      for (let skip = 0; skip < 3; skip++) {
        await pollAll();
        skippedMs += 45_000;
      }
      await pollAll();
      assert.is(admittedAt.size, 0, "nobody is admitted while paused");
      assert.is((await set({ paused: false })).status, 200);
      const resumed = clock.now();
      const pollAndRest = async () => {
        await pollAll();
        await new Promise((resolve) => setTimeout(resolve, 50));
      };
      while (admittedAt.size < 100) await pollAndRest();
      const took = clock.now() - resumed;
      assert.ok(took < 75_000, `100 permits took ${took} ms`);
      while (clock.now() < resumed + 70_000) await pollAndRest();
      const times = [...admittedAt.values()].sort((a, b) => a - b);
      for (const from of times) {
        assert.ok(times.filter((at) => at >= from && at <= from + 60_000).length <= 100);
      }
      const inOrder = present.map(({ id }) => admittedAt.get(id) ?? Infinity);
      assert.equal(
        inOrder,
        inOrder.toSorted((a, b) => a - b),
      );
      const stats = await queue.http<Stats>("queue", "/queue/1/stats", { token: admin });
      assert.is(stats.body.admittedTotal, stats.body.active);
      assert.is(stats.body.waiting, 200 - stats.body.admittedTotal);
      assert.ok(stats.body.admittedTotal - admittedAt.size <= 2);
    },
    clock,
  );
});

test("joining follows the event: unknown, not yet, over, cancelled, changed", async () => {
  await withQueue({ JOIN_LEAD_SECONDS: "600" }, async (queue, sales) => {
    const token = await queue.token(5);
    const join = async (eventId: number) => {
      const path = `/queue/${eventId}/enqueue`;
      const { status, body } = await queue.http<ProblemBody>("queue", path, post(token));
      return status === 200 ? "joined" : `${status} ${body.code}`;
    };
    sales.open(2, 601_000);
    sales.open(3, 599_000);
    sales.open(4, -2_000, -1_000);
    assert.is(await join(99), "404 NOT_FOUND");
    assert.is(await join(2), "409 SALE_NOT_OPEN");
    assert.is(await join(3), "joined");
    assert.is(await join(4), "409 SALE_NOT_OPEN");
    const early = await queue.http<Status>("queue", "/queue/3/status", { token });
    assert.is(early.body.passReady, false);
    assert.ok(early.body.estimatedWaitSeconds > 590);
    assert.is(await join(1), "joined");
    const known = sales.events.get(1)!;
    if (known.found) sales.events.set(1, { ...known, cancelled: true });
    await queue.broker.broadcast(EVENT_CHANGED, { eventId: 1 });
    assert.is(await join(1), "409 SALE_NOT_OPEN");
  });
});

test("a silent ticket service closes what is unknown; the known line is still answered", async () => {
  await withQueue({ PERMITS_PER_MINUTE: "1" }, async (queue, sales) => {
    const [first, second] = [await queue.token(5), await queue.token(6)];
    for (const one of [first, second]) await queue.http("queue", "/queue/1/enqueue", post(one));
    sales.silent = true;
    const unknown = await queue.http<ProblemBody>("queue", "/queue/2/enqueue", post(first));
    assert.equal([unknown.status, unknown.body.code], [503, "UNAVAILABLE"]);
    const answer = await queue.http<Status>("queue", "/queue/1/status", { token: second });
    assert.equal([answer.status, answer.body.position], [200, 0]);
    assert.is((await queue.http("queue", "/ready")).status, 200);
  });
});

test.run();
