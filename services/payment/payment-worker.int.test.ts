/** The worker with providers that fail in other ways than the simulated one, and after crashes of its own. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { systemClock } from "../common/clock.ts";
import type { MessageOf } from "../common/contracts/messages.ts";
import type { Database } from "../common/database.ts";
import { createLog } from "../common/log.ts";
import { claimMessages } from "../common/outbox/outbox-store.ts";
import { eventually } from "../common/testing/service-harness.ts";
import { paymentBooks } from "./payment-books.ts";
import { paymentOrders } from "./payment-orders.ts";
import {
  claimDue,
  paymentsByReservation,
  postpone,
  recordCaptured,
  recordFailed,
} from "./payment-store.ts";
import { booking, chargeOrder, HONEST, ownDatabase, refundOrder } from "./payment-test-aids.ts";
import { PaymentWorker } from "./payment-worker.ts";
import type { PaymentProvider } from "./provider.ts";
import { SimulatedProvider } from "./simulated-provider.ts";

let database: Database;
let drop: () => Promise<void>;
let honest: SimulatedProvider;

test.before.each(async () => {
  ({ database, drop } = await ownDatabase());
  honest = new SimulatedProvider(database, HONEST);
});

test.after.each(() => drop());

/** Runs workers with a provider that differs from the honest one in some calls, and stops them. */
async function working(
  different: Partial<PaymentProvider>,
  during: (workers: readonly PaymentWorker[]) => Promise<void>,
  { timeoutMs = 100, count = 1 } = {},
): Promise<void> {
  const provider: PaymentProvider = {
    currency: honest.currency,
    statement: (period) => honest.statement(period),
    charge: (request, signal) => honest.charge(request, signal),
    refund: (request, signal) => honest.refund(request, signal),
    find: (key, signal) => honest.find(key, signal),
    forbid: (key, signal) => honest.forbid(key, signal),
    ...different,
  };
  const log = createLog("silent");
  const onSettled = () => {
    for (const worker of workers) worker.wake();
  };
  const books = paymentBooks(database);
  const workers = Array.from(
    { length: count },
    () => new PaymentWorker({ books, provider, clock: systemClock, log, timeoutMs, onSettled }),
  );
  for (const worker of workers) worker.start();
  try {
    await during(workers);
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()));
  }
}

async function order(message: MessageOf<"ChargePayment"> | MessageOf<"RefundPayment">) {
  const books = paymentBooks(database);
  const options = { books, clock: systemClock, onWork: () => {}, onOutcome: () => {} };
  await paymentOrders(options)([message]);
}

async function paymentOf(reservationId: number) {
  const found = await paymentsByReservation(database, {
    after: reservationId - 1,
    until: reservationId,
  });
  assert.is(found.length, 1);
  return found[0]!;
}

const becomes = (reservationId: number, status: string) =>
  eventually(
    () => paymentOf(reservationId),
    (payment) => payment.status === status,
  );

async function moved(reservationId: number): Promise<readonly string[]> {
  const lines = await honest.movements({ after: reservationId - 1, until: reservationId });
  return lines.map((line) => line.type);
}

/** Types of the messages waiting in the outbox. */
async function outbox(): Promise<readonly string[]> {
  return (await claimMessages(database, 100, 0)).map(({ message }) => message.type).sort();
}

test("a refund that fails is tried again, shows why, and moves the money once", async () => {
  await order(chargeOrder(booking(1)));
  let calls = 0;
  const refund: PaymentProvider["refund"] = async (request, signal) => {
    calls += 1;
    // The first is lost on its way, the second is done but its answer is lost.
    if (calls === 2) await honest.refund(request, signal);
    if (calls <= 2) throw new Error("connection reset");
    return honest.refund(request, signal);
  };
  await working({ refund }, async ([worker]) => {
    await becomes(1, "COMPLETED");
    await order(refundOrder(booking(1)));
    worker?.wake();
    const failing = await eventually(
      () => paymentOf(1),
      (payment) => payment.failureReason !== null,
    );
    assert.is(failing.status, "COMPLETED");
    assert.is(failing.failureReason, "refund not done, attempt 1: connection reset");
    const done = await becomes(1, "REFUNDED");
    assert.is(done.failureReason, null);
  });
  assert.is(calls, 3);
  assert.equal(await moved(1), ["charge", "refund"]);
  assert.equal(await outbox(), ["PaymentCompleted", "PaymentRefunded"]);
});

test("a charge whose answer is lost is asked about, not repeated and not failed", async () => {
  await order(chargeOrder(booking(1)));
  let charges = 0;
  const charge: PaymentProvider["charge"] = async (request, signal) => {
    charges += 1;
    await honest.charge(request, signal);
    throw new Error("connection reset");
  };
  await working({ charge }, () => becomes(1, "COMPLETED").then(() => {}));
  assert.is(charges, 1);
  assert.equal(await moved(1), ["charge"]);
  assert.equal(await outbox(), ["PaymentCompleted"]);
});

test("while the provider has not decided, nothing is decided here", async () => {
  await order(chargeOrder(booking(1)));
  let asked = 0;
  const charge = () => Promise.reject(new Error("gateway timeout"));
  const find: PaymentProvider["find"] = async () => {
    asked += 1;
    return asked === 1 ? { result: "pending" } : { result: "declined", reason: "no funds" };
  };
  await working({ charge, find }, async () => {
    const failed = await becomes(1, "FAILED");
    assert.is(failed.failureReason, "no funds");
  });
  assert.is(asked, 2);
});

test("a provider that heeds no signal holds neither the worker nor its stop", async () => {
  await order(chargeOrder(booking(1)));
  await order(chargeOrder(booking(2)));
  const deaf: PaymentProvider["charge"] = (request, signal) =>
    request.reservationId === 1 ? new Promise(() => {}) : honest.charge(request, signal);
  const began = performance.now();
  await working(
    { charge: deaf },
    async () => {
      await becomes(2, "COMPLETED");
      await becomes(1, "PROCESSING");
    },
    { timeoutMs: 60_000 },
  );
  assert.ok(performance.now() - began < 5_000);
  // A stop gives its payments back at once: the next process asks and charges.
  await working({}, () => becomes(1, "COMPLETED").then(() => {}));
});

test("a charge still on its way when its saga is cancelled is refused on arrival", async () => {
  await order(chargeOrder(booking(1)));
  let arrive = () => {};
  const travel = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  let answered: Promise<unknown> = Promise.resolve();
  const charge: PaymentProvider["charge"] = (request) => {
    // Sent for good: the provider gets it even though nobody listens any more.
    const answer = travel.then(() => honest.charge(request, new AbortController().signal));
    answered = answer;
    return answer;
  };
  await working({ charge }, async ([worker]) => {
    await becomes(1, "PROCESSING");
    await order(refundOrder(booking(1)));
    worker?.wake();
    await becomes(1, "FAILED");
  });
  arrive();
  assert.is(((await answered) as { result: string }).result, "declined");
  assert.equal(await moved(1), []);
});

test("several workers on one table charge each saga once", async () => {
  for (let id = 1; id <= 40; id += 1) await order(chargeOrder(booking(id)));
  const charged: string[] = [];
  const charge: PaymentProvider["charge"] = (request, signal) => {
    charged.push(request.key);
    return honest.charge(request, signal);
  };
  const settled = async () => {
    for (let id = 1; id <= 40; id += 1) await becomes(id, "COMPLETED");
  };
  await working({ charge }, settled, { count: 3 });
  assert.is(charged.length, 40);
  assert.is(new Set(charged).size, 40);
});

test("a process that died after its claim, before the charge: charged by the next", async () => {
  await order(chargeOrder(booking(1)));
  const [claimed] = await claimDue(database, 10, 0.2);
  assert.is(claimed?.status, "PROCESSING");
  await working({}, () => becomes(1, "COMPLETED").then(() => {}));
  assert.equal(await moved(1), ["charge"]);
});

test("a process that died after the charge: found by the next, not charged again", async () => {
  await order(chargeOrder(booking(1)));
  await claimDue(database, 10, 0.2);
  const { sagaId, reservationId, amountCents } = booking(1);
  const request = { key: `charge-${sagaId}`, sagaId, reservationId, amountCents };
  await honest.charge(request, new AbortController().signal);
  const charge = () => Promise.reject(new Error("nobody may charge again"));
  await working({ charge }, () => becomes(1, "COMPLETED").then(() => {}));
  assert.equal(await moved(1), ["charge"]);
});

test("a process that wakes up after its lease changes nothing that others have settled", async () => {
  await order(chargeOrder(booking(1)));
  const [sleeper] = await claimDue(database, 10, 0.2);
  assert.ok(sleeper);
  await working({}, () => becomes(1, "COMPLETED").then(() => {}));
  const settled = await paymentOf(1);
  await database.transaction(async (tx) => {
    assert.equal(await recordFailed(tx, [{ id: sleeper.id, reason: "late" }]), []);
    assert.equal(
      await recordCaptured(tx, [
        { id: sleeper.id, transactionId: "txn_late", capturedAt: new Date().toISOString() },
      ]),
      [],
    );
    await postpone(tx, [{ payment: sleeper, delayMs: 0, because: "late" }]);
  });
  assert.equal(await paymentOf(1), settled);
});

test("a late silence does not put off a refund that was ordered meanwhile", async () => {
  await order(chargeOrder(booking(1)));
  const [claimed] = await claimDue(database, 10, 60);
  assert.ok(claimed);
  await order(refundOrder(booking(1)));
  await database.transaction((tx) =>
    postpone(tx, [{ payment: claimed, delayMs: 60_000, because: "no answer" }]),
  );
  await working({}, () => becomes(1, "FAILED").then(() => {}));
  assert.equal(await moved(1), []);
  assert.equal(await outbox(), ["PaymentFailed"]);
});

test.run();
