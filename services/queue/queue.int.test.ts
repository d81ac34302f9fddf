/** The queue service through HTTP and the broker, beside a stand-in for the ticket service. */
import type { ServiceSchema } from "moleculer";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { PassRedemption, Place, Stats, Status } from "../common/contracts/queue.ts";
import { EVENT_CHANGED, type EventForSale } from "../common/contracts/ticket.ts";
import type { ProblemBody } from "../common/errors.ts";
import { eventually, type Harness, startHarness } from "../common/testing/service-harness.ts";
import { queueService } from "./queue.service.ts";

const CREDENTIAL = "a-service-credential-of-32-characters";

class Sales {
  readonly events = new Map<number, EventForSale>();
  silent = false;
  asked = 0;

  open(eventId: number, from = -1_000, until = 3_600_000): void {
    this.events.set(eventId, {
      found: true,
      saleStartAt: new Date(Date.now() + from).toISOString(),
      saleEndAt: new Date(Date.now() + until).toISOString(),
      cancelled: false,
    });
  }

  service(): ServiceSchema {
    return {
      name: "ticket",
      actions: {
        eventForSale: (ctx: { params: { eventId: number } }) => {
          this.asked += 1;
          if (this.silent) throw Object.assign(new Error("gone"), { name: "RequestTimeoutError" });
          return this.events.get(ctx.params.eventId) ?? { found: false };
        },
      },
    };
  }
}

async function withQueue(
  settings: Record<string, string>,
  body: (queue: Harness, sales: Sales) => Promise<void>,
  clock?: { now(): number },
): Promise<void> {
  const sales = new Sales();
  sales.open(1);
  const queue = await startHarness({
    services: (context) => [queueService(context), sales.service()],
    settings: { SERVICE_CREDENTIAL: CREDENTIAL, ...settings },
    ...(clock ? { clock } : {}),
  });
  try {
    await body(queue, sales);
  } finally {
    await queue.stop();
  }
}

const post = (token: string, headers: Record<string, string> = {}) => {
  return { method: "POST", token, headers };
};

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
  // Ten times as fast as the wall: a minute of the room's time is 6 s.
  const [startMs, zero] = [Date.now(), performance.now()];
  let skippedMs = 0;
  const clock = { now: () => startMs + skippedMs + (performance.now() - zero) * 10 };
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
      while (admittedAt.size < 100) {
        await pollAll();
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const took = clock.now() - resumed;
      assert.ok(took < 75_000, `100 permits took ${took} ms`);
      while (clock.now() < resumed + 70_000) await pollAll();
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

test("a stream tells the position, then the pass once, and ends", async () => {
  await withQueue({}, async (queue) => {
    const admin = await queue.token(1, "ADMIN");
    const [ahead, token] = [await queue.token(5), await queue.token(6)];
    const path = "/queue/1/stream";
    const missing = await queue.http<ProblemBody>("queue", path, { token });
    assert.equal([missing.status, missing.body.code], [404, "NOT_IN_QUEUE"]);

    const set = (body: object) =>
      queue.http("queue", "/queue/1/settings", { method: "PATCH", token: admin, body });
    await set({ paused: true });
    for (const one of [ahead, token]) await queue.http("queue", "/queue/1/enqueue", post(one));
    const streaming = queue.http<string>("queue", path, { token });
    const left = () => queue.http("queue", "/queue/1", { method: "DELETE", token: ahead });
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.is((await left()).status, 204);
    assert.is((await left()).status, 204);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    await set({ paused: false });
    const { status, headers, body } = await streaming;
    assert.is(status, 200);
    assert.match(headers.get("content-type") ?? "", "text/event-stream");
    const events = body.split("\n\n").filter((part) => part.startsWith("event:"));
    const told = events.map((part) => {
      const [event, data] = part.split("\n");
      const said = JSON.parse(data!.slice("data: ".length)) as Status;
      return `${event!.slice("event: ".length)} ${said.position} ${said.passReady}`;
    });
    assert.equal(told, ["position 1 false", "position 0 false", "pass 0 true"]);
    assert.is(body.match(/"passToken":"pass_/g)?.length, 1);
  });
});

test("open streams do not keep the service from stopping, and are bounded a client", async () => {
  const open: Promise<unknown>[] = [];
  await withQueue({}, async (queue) => {
    const admin = await queue.token(1, "ADMIN");
    const token = await queue.token(6);
    const body = { paused: true };
    await queue.http("queue", "/queue/1/settings", { method: "PATCH", token: admin, body });
    await queue.http("queue", "/queue/1/enqueue", post(token));
    for (let one = 0; one < 4; one++) open.push(queue.http("queue", "/queue/1/stream", { token }));
    await new Promise((resolve) => setTimeout(resolve, 200));
    const fifth = await queue.http<ProblemBody>("queue", "/queue/1/stream", { token });
    assert.equal([fifth.status, fifth.body.code], [429, "RATE_LIMITED"]);
  });
  await Promise.all(open);
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

test("tickets come back only to their owner, and only whole", async () => {
  await withQueue({}, async (queue) => {
    const [own, other] = [await queue.token(5), await queue.token(6)];
    const path = "/queue/1/enqueue";
    const { body } = await queue.http<Place>("queue", path, post(own));
    const send = async (token: string, ticket: string) => {
      const call = post(token, { "x-queue-ticket": ticket });
      const { status, body } = await queue.http<ProblemBody>("queue", path, call);
      return status === 200 ? 200 : `${status} ${body.code} ${body.errors?.[0]?.path}`;
    };
    const refused = "400 VALIDATION_FAILED headers.x-queue-ticket";
    assert.is(await send(own, body.queueTicket), 200);
    assert.is(await send(other, body.queueTicket), refused);
    assert.is(await send(own, `${body.queueTicket.slice(0, -4)}AAAA`), refused);
    assert.is(await send(own, "nonsense"), refused);
    const foreignKey = `${"A".repeat(11)}${body.queueTicket.slice(11)}`;
    assert.is(await send(other, foreignKey), 200, "signed before a restart: joins at the end");
  });
});

test("the gate for services: credential or ADMIN, spends the pass, says true once", async () => {
  await withQueue({ PERMITS_PER_MINUTE: "6000" }, async (queue) => {
    const [user, admin] = [await queue.token(5), await queue.token(1, "ADMIN")];
    await queue.http("queue", "/queue/1/enqueue", post(user));
    const ask = () => queue.http<Status>("queue", "/queue/1/status", { token: user });
    const pass = (await eventually(ask, (answer) => answer.body.passReady)).body.passToken;
    const check = async (call: object, clientId = "5") => {
      const path = `/queue/1/validate-pass-token?clientId=${clientId}&passToken=${pass}`;
      const { status, body } = await queue.http<unknown>("queue", path, {
        method: "POST",
        ...call,
      });
      return status === 200 ? body : status;
    };
    const credential = { headers: { "x-service-credential": CREDENTIAL } };
    assert.is(await check({}), 401);
    assert.is(await check({ token: "nonsense" }), 401);
    assert.is(await check({ token: user }), 403);
    assert.is(await check({ headers: { "x-service-credential": `${CREDENTIAL}x` } }), 401);
    assert.is(await check({ headers: { "x-service-credential": "" } }), 401);
    assert.is(await check(credential, "6"), false);
    assert.is(await check(credential), true);
    assert.is(await check({ token: admin }), false);
    const bare = await queue.http("queue", "/queue/1/validate-pass-token", {
      method: "POST",
      ...credential,
    });
    assert.is(bare.status, 400);
  });
});

test("a client acts for itself alone, an administrator for anybody; numbers are for the latter", async () => {
  await withQueue({}, async (queue) => {
    const [user, admin] = [await queue.token(5), await queue.token(1, "ADMIN")];
    const status = async (path: string, call: object) =>
      (await queue.http("queue", path, call)).status;
    assert.is(await status("/queue/1/enqueue?clientId=5", post(user)), 200);
    assert.is(await status("/queue/1/enqueue?clientId=6", post(user)), 403);
    assert.is(await status("/queue/1/status?clientId=6", { token: user }), 403);
    assert.is(await status("/queue/1/enqueue?clientId=alice", post(admin)), 200);
    assert.is(await status("/queue/1/status?clientId=alice", { token: admin }), 200);
    assert.is(await status("/queue/1/stats", { token: user }), 403);
    assert.is(await status("/queue/1/settings", { method: "PATCH", token: user, body: {} }), 403);
    assert.is(await status("/queue/1/stats", {}), 401);
    assert.is(await status("/queue/99/stats", { token: admin }), 404);
  });
});

test("bad input gets a 4xx, whatever it is", async () => {
  await withQueue({}, async (queue) => {
    const [user, admin] = [await queue.token(5), await queue.token(1, "ADMIN")];
    const ids = ["0", "-1", "1.5", "1e3", "abc", "%00", "2147483648", "9".repeat(40), "%ff", "%zz"];
    const clients = ["%00", "%0a", "", "a%20b", "é", "x".repeat(65), "1&clientId=2"];
    const odd: [string, object][] = [];
    for (const id of ids) {
      odd.push([`/queue/${id}/enqueue`, post(user)], [`/queue/${id}/status`, { token: user }]);
      odd.push([`/queue/${id}/stream`, { token: user }]);
      odd.push([`/queue/${id}`, { method: "DELETE", token: user }]);
      odd.push([`/queue/${id}/stats`, { token: admin }]);
      odd.push([
        `/queue/${id}/settings`,
        { method: "PATCH", token: admin, body: { paused: true } },
      ]);
    }
    for (const client of clients) {
      for (const [path, call] of [
        ["enqueue", post(admin)],
        ["status", { token: admin }],
        ["stream", { token: admin }],
        ["validate-pass-token", post(admin)],
      ] as const) {
        odd.push([`/queue/1/${path}?clientId=${client}&passToken=${client}`, call]);
      }
      odd.push([`/queue/1?clientId=${client}`, { method: "DELETE", token: admin }]);
    }
    const bodies: unknown[] = [
      ...[{}, [], null, 1, "{", { paused: "yes" }, { pacing: "fast" }, { more: 1 }],
      ...[0, -1, 1.5, 60_001, "10", null].map((permitsPerMinute) => ({ permitsPerMinute })),
      ...[4, 3_601, 7.5].map((passTtlSeconds) => ({ passTtlSeconds })),
    ];
    for (const body of bodies) {
      odd.push(["/queue/1/settings", { method: "PATCH", token: admin, body }]);
    }
    odd.push(["/queue/1/enqueue", post(user, { "x-queue-ticket": "x".repeat(1_025) })]);
    odd.push(["/queue/1/enqueue", { method: "POST", token: user, body: "{" }]);
    odd.push(["/queue/1/unknown", { token: user }]);
    for (const [path, call] of odd) {
      const { status } = await queue.http("queue", path, call);
      assert.ok(status >= 400 && status < 500, `${path} ${JSON.stringify(call)}: ${status}`);
    }
    const stats = await queue.http<Stats>("queue", "/queue/1/stats", { token: admin });
    assert.equal(
      [stats.body.waiting, stats.body.permitsPerMinute, stats.body.paused],
      [0, 100, false],
    );
  });
});

test("metrics and documentation speak of the waiting room", async () => {
  await withQueue({ PERMITS_PER_MINUTE: "6000" }, async (queue) => {
    const token = await queue.token(5);
    await queue.http("queue", "/queue/1/enqueue", post(token));
    const ask = () => queue.http<string>("queue", "/metrics");
    const { body } = await eventually(ask, (answer) =>
      /queue_admitted_total\S* 1/.test(answer.body),
    );
    for (const name of ["queue_waiting", "queue_abandoned", "queue_window_use", "queue_streams"]) {
      assert.match(body, name);
    }
    assert.match(body, /queue_wait_seconds_count\S* 1/);
    const docs = await queue.http("queue", "/openapi.json");
    assert.is(docs.status, 200);
    const paths = Object.keys((docs.body as { paths: object }).paths);
    assert.is(paths.length, 7);
  });
});

test.run();
