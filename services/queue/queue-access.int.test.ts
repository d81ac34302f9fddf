/** Who may do what at the queue, what it refuses, and what it tells of itself. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Place, Stats, Status } from "../common/contracts/queue.ts";
import type { ProblemBody } from "../common/errors.ts";
import { eventually } from "../common/testing/service-harness.ts";
import { CREDENTIAL, post, withQueue } from "./testing/queue-stage.ts";

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
    assert.is(await status("/queue/1/settings", { token: user }), 403);
    assert.is(await status("/queue/1/journal", { token: user }), 403);
    assert.is(await status("/queue/1/stats", {}), 401);
    for (const path of ["stats", "settings", "journal"]) {
      assert.is(await status(`/queue/99/${path}`, { token: admin }), 404, path);
    }
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
      ...["yes", 1, null].map((draining) => ({ draining })),
      ...[0, -1, 1.5, 60_001, "10", null].map((permitsPerMinute) => ({ permitsPerMinute })),
      ...[4, 3_601, 7.5].map((passTtlSeconds) => ({ passTtlSeconds })),
    ];
    for (const body of bodies) {
      odd.push(["/queue/1/settings", { method: "PATCH", token: admin, body }]);
    }
    for (const query of ["after=-1", "after=x", "after=2147483648", "limit=0", "limit=5001"]) {
      odd.push([`/queue/1/journal?${query}`, { token: admin }]);
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
    assert.is(paths.length, 8);
  });
});

test.run();
