/** The saga's routes: who may do what, what lists hold, and that bad input is refused. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { OpenSagas, SagaLedger, SagaSummary } from "../common/contracts/saga.ts";
import { type SagaStack, startSagaStack } from "./testing/saga-stack.ts";
import type { SimulatedWorld } from "./testing/simulated-world.ts";

let stack: SagaStack;
/** Booked by three users: paid, declined, and one that waits for its payment. */
let worlds: SimulatedWorld[];

test.before(async () => {
  stack = await startSagaStack();
  worlds = [stack.standIns.book("captures"), stack.standIns.book("declines")];
  await stack.until(worlds[0]!, "COMPLETED");
  await stack.until(worlds[1]!, "COMPENSATED");
  worlds.push(stack.standIns.book("silent"));
  await stack.until(worlds[2]!, "CHARGING");
});
test.after(() => stack.stop());

const tokenOf = (world: SimulatedWorld) => stack.harness.token(world.booking.userId);

async function list(query: string): Promise<readonly number[]> {
  const answer = await stack.harness.http<SagaSummary[]>("saga", `/api/sagas${query}`, {
    token: stack.admin,
  });
  assert.is(answer.status, 200, JSON.stringify(answer.body));
  return answer.body.map(({ reservationId }) => reservationId);
}

async function ledger(query: string): Promise<SagaLedger> {
  const path = `/api/admin/ledger${query}`;
  const answer = await stack.harness.http<SagaLedger>("saga", path, { token: stack.admin });
  assert.is(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
}

test("only those who may see a saga do, and nobody else learns that it exists", async () => {
  const owner = await tokenOf(worlds[0]!);
  const stranger = await tokenOf(worlds[1]!);
  const matrix = [
    ["GET", "/api/sagas/saga_1", { nobody: 401, stranger: 404, owner: 200, admin: 200 }],
    ["GET", "/api/sagas/saga_none", { nobody: 401, stranger: 404, owner: 404, admin: 404 }],
    ["GET", "/api/sagas", { nobody: 401, stranger: 403, owner: 403, admin: 200 }],
    ["GET", "/api/admin/sagas/open", { nobody: 401, stranger: 403, owner: 403, admin: 200 }],
    ["GET", "/api/admin/ledger", { nobody: 401, stranger: 403, owner: 403, admin: 200 }],
    ["POST", "/api/sagas/saga_1/retry", { nobody: 401, stranger: 403, owner: 403, admin: 409 }],
    ["POST", "/api/sagas/saga_none/retry", { nobody: 401, stranger: 403, owner: 403, admin: 404 }],
  ] as const;
  for (const [method, path, expected] of matrix) {
    const callers = { nobody: undefined, stranger, owner, admin: stack.admin };
    for (const [who, token] of Object.entries(callers)) {
      const call = token ? { method, token } : { method };
      const { status } = await stack.harness.http("saga", path, call);
      assert.is(
        `${method} ${path} by ${who}: ${status}`,
        `${method} ${path} by ${who}: ${expected[who as keyof typeof expected]}`,
      );
    }
  }
});

test("a stranger's answer is the one for a saga that does not exist", async () => {
  const token = await tokenOf(worlds[1]!);
  const foreign = await stack.harness.http("saga", "/api/sagas/saga_1", { token });
  const missing = await stack.harness.http("saga", "/api/sagas/saga_none", { token });
  assert.equal(foreign.body, missing.body);
});

test("sagas are listed by state, by age and a page at a time", async () => {
  assert.equal(await list(""), [1, 2, 3]);
  assert.equal(await list("?state=COMPENSATED"), [2]);
  assert.equal(await list("?state=REFUNDING"), []);
  assert.equal(await list("?limit=2"), [1, 2]);
  assert.equal(await list("?limit=2&afterReservation=2"), [3]);
  assert.equal(await list("?olderThan=2100-01-01T00:00:00Z&state=CHARGING"), [3]);
  assert.equal(await list("?olderThan=2000-01-01T00:00:00%2B02:00"), []);
  assert.equal(await list("?reservationId=2"), [2]);
  assert.equal(await list("?reservationId=2&state=CHARGING"), []);
  assert.equal(await list("?overdue=true"), []);
  const { updatedAt } = await stack.saga(worlds[2]!);
  assert.equal(await list(`?olderThan=${updatedAt}`), [1, 2]);
});

test("what has not ended is counted, and the oldest is shown with what happens next", async () => {
  const path = "/api/admin/sagas/open";
  const { body } = await stack.harness.http<OpenSagas>("saga", path, { token: stack.admin });
  const { oldest, ...counts } = body;
  assert.equal(counts, { charging: 1, confirming: 0, cancelling: 0, refunding: 0, overdue: 0 });
  assert.is(oldest?.sagaId, "saga_3");
  assert.is(oldest?.next, "gives the seats back, and has the charge forbidden or refunded");
  assert.is(oldest?.overdue, false);
  const ended = await stack.saga(worlds[0]!);
  assert.equal([ended.next, ended.deadlineAt, ended.undelivered], [null, null, []]);
});

test("asking again does not make a saga younger", async () => {
  const before = await stack.saga(worlds[2]!);
  const path = `/api/sagas/${before.sagaId}/retry`;
  const answer = await stack.harness.http<SagaSummary>("saga", path, {
    method: "POST",
    token: stack.admin,
  });
  assert.is(answer.status, 200);
  assert.is(answer.body.attempts, before.attempts + 1);
  assert.is(answer.body.updatedAt, before.updatedAt);
  assert.is(answer.body.deadlineAt, before.deadlineAt);
});

test("the ledger is read in pages that miss and repeat nothing", async () => {
  const whole = await ledger("");
  assert.is(whole.nextAfter, null);
  assert.equal(
    whole.sagas.map(({ sagaId, state }) => `${sagaId} ${state}`),
    ["saga_1 COMPLETED", "saga_2 COMPENSATED", "saga_3 CHARGING"],
  );
  const first = await ledger("?limit=2");
  assert.is(first.nextAfter, 2);
  const second = await ledger(`?limit=2&afterReservation=${first.nextAfter}`);
  assert.equal([...first.sagas, ...second.sagas], whole.sagas);
  assert.is(second.nextAfter, null);
  assert.equal((await ledger("?afterReservation=1&untilReservation=2")).sagas.length, 1);
  assert.equal(await ledger("?limit=0"), { sagas: [], nextAfter: null });
});

test("whatever does not fit is refused with a 4xx", async () => {
  const paths = [
    "/api/sagas?state=charging",
    "/api/sagas?state=CHARGING&state=COMPLETED",
    "/api/sagas?olderThan=yesterday",
    "/api/sagas?olderThan=2025-02-30T00:00:00Z",
    "/api/sagas?olderThan=2025-01-01",
    "/api/sagas?olderThan=%00",
    "/api/sagas?overdue=yes",
    "/api/sagas?reservationId=0",
    "/api/sagas?afterReservation=2147483648",
    "/api/sagas?afterReservation=-1",
    "/api/sagas?afterReservation=1e3",
    "/api/sagas?limit=0",
    "/api/sagas?limit=101",
    "/api/sagas?limit=",
    "/api/sagas/%00",
    "/api/sagas/%ff",
    "/api/sagas/%20",
    "/api/sagas/a%20b",
    `/api/sagas/${"x".repeat(65)}`,
    `/api/sagas/${"x".repeat(2_000)}`,
    "/api/admin/ledger?limit=5001",
    "/api/admin/ledger?untilReservation=0",
    "/api/admin/ledger?afterReservation=99999999999",
  ];
  for (const path of paths) {
    const { status, body } = await stack.harness.http("saga", path, { token: stack.admin });
    assert.ok(status === 400 || status === 404, `${path}: ${status} ${JSON.stringify(body)}`);
  }
  for (const body of ["{", "null", '"x"', JSON.stringify({ a: "\0" })]) {
    const call = { method: "POST", token: stack.admin, body };
    const { status } = await stack.harness.http("saga", "/api/sagas/%00/retry", call);
    assert.is(status, 400);
  }
});

test("instants that PostgreSQL could not read are answered all the same", async () => {
  assert.equal(await list("?olderThan=0000-01-01T00:00:00Z"), []);
  assert.equal(await list("?olderThan=9999-12-31T23:59:59.999999Z"), [1, 2, 3]);
});

test("the service is ready, documented and measured", async () => {
  const ready = await stack.harness.http("saga", "/ready");
  assert.equal(ready.body, { status: "ready", dependencies: { database: true } });
  const docs = await stack.harness.http<{ paths: object }>("saga", "/openapi.json");
  assert.equal(Object.keys(docs.body.paths).sort(), [
    "/api/admin/dead-letters",
    "/api/admin/dead-letters/requeue",
    "/api/admin/dead-letters/{id}/requeue",
    "/api/admin/ledger",
    "/api/admin/sagas/open",
    "/api/sagas",
    "/api/sagas/{sagaId}",
    "/api/sagas/{sagaId}/retry",
  ]);
  assert.is(await stack.metric("sagas_charging"), 1);
});

test.run();
