/** The payment service's routes: who may see what, what does not fit, and the pages of the ledger. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Payment, PaymentLedger, ProviderBehaviour } from "../common/contracts/payment.ts";
import { eventually } from "../common/testing/service-harness.ts";
import {
  behave,
  booking,
  chargeOrder,
  ledger,
  OWNER,
  type PaymentStack,
  refundOrder,
  STRANGER,
  send,
  startPayments,
  told,
} from "./payment-test-aids.ts";

let stack: PaymentStack;
let owner: string;
let stranger: string;

test.before(async () => {
  stack = await startPayments();
  owner = await stack.token(OWNER);
  stranger = await stack.token(STRANGER);
  for (const id of [11, 12, 14, 17]) await send(stack.bus, chargeOrder(booking(id, 4_990)));
  // A second saga of the same reservation, and one whose money went back.
  await send(stack.bus, chargeOrder({ ...booking(12, 100), sagaId: "saga_12b" }));
  await eventually(
    async () => stack.heard.length,
    (count) => count === 5,
  );
  await send(stack.bus, refundOrder(booking(14)));
  await eventually(
    async () => told(stack, "saga_14"),
    (types) => types.includes("PaymentRefunded"),
  );
});

test.after(() => stack.stop());

const get = <T = Record<string, unknown>>(path: string, token?: string) =>
  stack.http<T>("payment", path, token ? { token } : {});

const patch = (body: unknown) =>
  stack.http<{ code: string; errors: { path: string }[] }>("payment", "/api/admin/provider", {
    method: "PATCH",
    token: stack.admin,
    body,
  });

test("the owner and an administrator see a payment, with its exact amount", async () => {
  for (const token of [owner, stack.admin]) {
    const { status, body } = await get<Payment[]>("/api/payments?reservationId=11", token);
    assert.is(status, 200);
    assert.is(body.length, 1);
    const [payment] = body;
    assert.is(payment?.amount, 49.9);
    assert.is(payment?.status, "COMPLETED");
    assert.is(payment?.userId, OWNER);
    assert.is(payment?.failureReason, null);
    assert.ok(payment?.completedAt);
    assert.equal((await get<Payment>(`/api/payments/${payment?.id}`, token)).body, payment);
  }
});

test("a stranger cannot tell a payment from one that is not there", async () => {
  const { body } = await get<Payment[]>("/api/payments?reservationId=11", owner);
  const theirs = await get(`/api/payments/${body[0]?.id}`, stranger);
  const nobodys = await get("/api/payments/pay_none", stranger);
  assert.is(theirs.status, 404);
  assert.equal(theirs.body, nobodys.body);
  const list = await get("/api/payments?reservationId=11", stranger);
  const none = await get("/api/payments?reservationId=999", stranger);
  assert.is(list.status, 200);
  assert.equal(list.body, []);
  assert.equal(none.body, []);
});

test("nobody gets in without a token, and only administrators into administration", async () => {
  const paths = ["/api/payments?reservationId=11", "/api/payments/pay_1"];
  const admin = ["/api/admin/provider", "/api/admin/ledger"];
  for (const path of [...paths, ...admin]) {
    assert.is((await get(path)).status, 401, path);
    assert.is((await get(path, "not.a.token")).status, 401, path);
  }
  for (const path of admin) {
    const { status, body } = await get(path, owner);
    assert.is(status, 403, path);
    assert.is(body.code, "FORBIDDEN");
  }
  const call = { method: "PATCH", token: owner, body: { failurePercent: 100 } };
  assert.is((await stack.http("payment", "/api/admin/provider", call)).status, 403);
  const unsigned = { method: "PATCH", body: { failurePercent: 100 } };
  assert.is((await stack.http("payment", "/api/admin/provider", unsigned)).status, 401);
});

test("a user id beyond the database's integers is only a stranger", async () => {
  const huge = await stack.token(2 ** 53 - 1);
  assert.equal((await get("/api/payments?reservationId=11", huge)).body, []);
});

test("input that does not fit is refused with 400 and changes nothing", async () => {
  const before = (await get<ProviderBehaviour>("/api/admin/provider", stack.admin)).body;
  const paths = [
    "/api/payments",
    "/api/payments?reservationId=",
    "/api/payments?reservationId=0",
    "/api/payments?reservationId=-1",
    "/api/payments?reservationId=1e3",
    "/api/payments?reservationId=1.5",
    "/api/payments?reservationId=2147483648",
    "/api/payments?reservationId=99999999999999999999",
    "/api/payments?reservationId=1&reservationId=2",
    "/api/payments?reservationId=%00",
    "/api/payments?reservationId=1%27%20or%20true",
    "/api/payments/%00",
    "/api/payments/a%20b",
    "/api/payments/%E2%82%AC",
    `/api/payments/${"x".repeat(65)}`,
    "/api/payments/%zz",
    "/api/admin/ledger?limit=-1",
    "/api/admin/ledger?limit=5001",
    "/api/admin/ledger?afterReservation=x",
    "/api/admin/ledger?afterReservation=2147483648",
    "/api/admin/ledger?untilReservation=0",
  ];
  for (const path of paths) {
    const { status, body } = await get(path, stack.admin);
    assert.is(status, 400, path);
    assert.is(body.code, "VALIDATION_FAILED", path);
  }
  const bodies: readonly unknown[] = [
    {},
    [],
    null,
    "{",
    '"text"',
    { failurePercent: "10" },
    { failurePercent: 101 },
    { failurePercent: -1 },
    { failurePercent: null },
    { minLatencyMs: 1.5 },
    { minLatencyMs: 60_001, maxLatencyMs: 60_001 },
    { lateMs: 600_001 },
    { seed: -1 },
    { seed: 1e300 },
    { unknown: 1 },
    '{"failurePercent":10,"__proto__":{"a":1}}',
    '{"failurePercent":10,"constructor":{"prototype":1}}',
  ];
  for (const body of bodies) {
    const answer = await patch(body);
    assert.is(answer.status, 400, JSON.stringify(body));
    assert.is(answer.body.code, "VALIDATION_FAILED", JSON.stringify(body));
  }
  const after = (await get<ProviderBehaviour>("/api/admin/provider", stack.admin)).body;
  assert.equal(after, before);
});

test("latencies that contradict each other are refused, also against those that stay", async () => {
  await behave(stack, { minLatencyMs: 2, maxLatencyMs: 5 });
  for (const body of [
    { minLatencyMs: 9, maxLatencyMs: 8 },
    { minLatencyMs: 6 },
    { maxLatencyMs: 1 },
  ]) {
    const { status, body: answer } = await patch(body);
    assert.is(status, 400);
    assert.is(answer.errors[0]?.path, "body.minLatencyMs");
  }
  const { body } = await get<ProviderBehaviour>("/api/admin/provider", stack.admin);
  assert.is(body.minLatencyMs, 2);
  assert.is(body.maxLatencyMs, 5);
});

test("a change names what it changes and leaves the rest", async () => {
  const before = (await get<ProviderBehaviour>("/api/admin/provider", stack.admin)).body;
  const answer = await patch({ failurePercent: 12.5 });
  assert.is(answer.status, 200);
  const after = (await get<ProviderBehaviour>("/api/admin/provider", stack.admin)).body;
  assert.equal(after, { ...before, failurePercent: 12.5 });
  await behave(stack, { failurePercent: 0 });
});

test("the ledger holds our payments beside the provider's statement", async () => {
  const { payments, provider, nextAfter } = await ledger(stack);
  assert.is(nextAfter, null);
  const rows = payments.map((one) => `${one.reservationId} ${one.sagaId} ${one.amount}`);
  assert.equal([...rows].sort(), [
    "11 saga_11 49.9",
    "12 saga_12 49.9",
    "12 saga_12b 1",
    "14 saga_14 49.9",
    "17 saga_17 49.9",
  ]);
  const lines = provider.map((line) => `${line.type} ${line.sagaId} ${line.amount}`);
  assert.equal([...lines].sort(), [
    "charge saga_11 49.9",
    "charge saga_12 49.9",
    "charge saga_12b 1",
    "charge saga_14 49.9",
    "charge saga_17 49.9",
    "refund saga_14 49.9",
  ]);
  assert.ok(provider.every((line) => !Number.isNaN(Date.parse(line.at))));
});

test("pages of the ledger keep a reservation together, overlap nowhere and end with null", async () => {
  const whole = await ledger(stack);
  for (const limit of [1, 2, 3, 4, 5]) {
    const pages: PaymentLedger[] = [];
    let after: number | null = 0;
    while (after !== null) {
      const page: PaymentLedger = await ledger(stack, `?limit=${limit}&afterReservation=${after}`);
      pages.push(page);
      after = page.nextAfter;
      assert.ok(pages.length <= 4);
    }
    assert.equal(
      pages.flatMap((page) => page.payments),
      whole.payments,
    );
    assert.equal(
      pages.flatMap((page) => page.provider),
      whole.provider,
    );
    for (const page of pages) {
      const sagas = new Set(page.payments.map((one) => one.sagaId));
      assert.ok(page.provider.every((line) => sagas.has(line.sagaId)));
    }
  }
});

test("a range of the ledger ends where it is told to", async () => {
  const { payments, nextAfter } = await ledger(stack, "?afterReservation=11&untilReservation=14");
  assert.equal([...new Set(payments.map((one) => one.reservationId))], [12, 14]);
  assert.is(nextAfter, null);
  assert.equal(await ledger(stack, "?afterReservation=17"), {
    payments: [],
    provider: [],
    nextAfter: null,
  });
});

test("the service says that it is ready, what it counts and what it offers", async () => {
  assert.equal((await get("/ready")).body, { status: "ready", dependencies: { database: true } });
  const { body: text } = await get<string>("/metrics");
  assert.match(text, /payments_total\{[^}]*outcome="completed"[^}]*\} 5/);
  assert.match(text, /payments_total\{[^}]*outcome="refunded"[^}]*\} 1/);
  assert.match(text, /payment_outcomes_unknown\{[^}]*\} 0/);
  assert.match(text, /payment_refunds_outstanding\{[^}]*\} 0/);
  assert.match(text, /outbox_backlog\{[^}]*\} \d/);
  const { body: document } = await get<{ paths: object }>("/openapi.json");
  assert.equal(Object.keys(document.paths).sort(), [
    "/api/admin/dead-letters",
    "/api/admin/dead-letters/requeue",
    "/api/admin/dead-letters/{id}/requeue",
    "/api/admin/ledger",
    "/api/admin/payments",
    "/api/admin/provider",
    "/api/admin/reconciliation",
    "/api/payments",
    "/api/payments/{id}",
  ]);
  assert.is((await get("/health")).status, 200);
});

test.run();
