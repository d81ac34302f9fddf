/** The equations on small books: whole ones pass, and each way of being broken is found. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Books } from "./books.ts";
import { type Equation, judge, openBusiness } from "./equations.ts";
import { type Attempt, type CrowdRecord, emptyRecord, type Purchase } from "./record.ts";

const AT = "2026-01-01T00:00:00.000Z";
const AT_MS = Date.parse(AT);

const ok: Attempt = { sentAtMs: AT_MS, outcome: "ok", status: 201, code: "" };
const unheard: Attempt = {
  sentAtMs: AT_MS - 5,
  outcome: "unknown",
  status: 0,
  code: "TimeoutError",
};
const refused: Attempt = { sentAtMs: AT_MS, outcome: "refused", status: 409, code: "OUT_OF_STOCK" };

function bought(change: Partial<Purchase> = {}): Purchase {
  return {
    ...{ userId: 7, eventId: 1, productId: 3, quantity: 2, key: "key-1", passToken: "pass_1" },
    attempts: [ok],
    told: [{ reservationId: 11, sagaId: "saga-1" }],
    ...change,
  };
}

const recordOf = (...purchases: Purchase[]): CrowdRecord => ({ ...emptyRecord(), purchases });

const row: Books["reservations"][number] = {
  ...{ id: 11, sagaId: "saga-1", userId: 7, productId: 3, quantity: 2, totalPrice: 99.8 },
  ...{ status: "CONFIRMED", createdAt: AT },
};
const line = {
  ...{ eventId: 1, productId: 3, name: "Seat", totalStock: 10 },
  ...{ availableStock: 8, held: 2, pending: 0 },
};
const charge = { type: "charge", sagaId: "saga-1", amount: 99.8, at: AT } as const;
const refund = { ...charge, type: "refund" } as const;
const saga = { sagaId: "saga-1", reservationId: 11, state: "COMPLETED" } as const;

const whole: Books = {
  stock: [line],
  reservations: [row],
  payments: [{ id: "p", sagaId: "saga-1", reservationId: 11, amount: 99.8, status: "COMPLETED" }],
  provider: [charge],
  sagas: [saga],
};
const cancelled: Books = {
  stock: [{ ...line, availableStock: 10, held: 0 }],
  reservations: [{ ...row, status: "CANCELLED" }],
  payments: [{ ...whole.payments[0]!, status: "REFUNDED" }],
  provider: [charge, refund],
  sagas: [{ ...saga, state: "COMPENSATED" }],
};

const brokenBy = (record: CrowdRecord, books: Books): Equation[] =>
  [...new Set(judge(record, books).map((one) => one.equation as Equation))].sort();

test("books that agree with what buyers were told are accused of nothing", () => {
  assert.equal(judge(recordOf(bought()), whole), []);
  assert.equal(judge(recordOf(bought({ cancellation: "ok" })), cancelled), []);
  assert.equal(
    judge(recordOf(), {
      ...whole,
      ...{ stock: [], reservations: [], provider: [] },
      payments: [],
      sagas: [],
    }),
    [],
  );
});

test("a reservation whose buyer never heard back is nobody's ghost", () => {
  assert.equal(judge(recordOf(bought({ attempts: [unheard], told: [] })), whole), []);
});

test("stock that leaks, is lost or is sold twice breaks the stock equation", () => {
  for (const change of [{ availableStock: 7 }, { availableStock: 9 }, { held: 3 }]) {
    assert.equal(brokenBy(recordOf(bought()), { ...whole, stock: [{ ...line, ...change }] }), [
      "stock",
    ]);
  }
});

test("money that moved twice, not at all, or not back breaks the money equation", () => {
  for (const provider of [[charge, charge], [], [{ ...charge, amount: 49.9 }], [charge, refund]]) {
    assert.equal(brokenBy(recordOf(bought()), { ...whole, provider }), ["money"]);
  }
  assert.equal(brokenBy(recordOf(bought()), { ...cancelled, provider: [charge] }), ["money"]);
  const ghost = { ...charge, sagaId: "saga-9" };
  assert.equal(brokenBy(recordOf(bought()), { ...whole, provider: [charge, ghost] }), ["money"]);
});

test("what has not ended is found, and so are endings that contradict each other", () => {
  const open = { ...whole, sagas: [{ ...saga, state: "REFUNDING" as const }] };
  assert.is(openBusiness(open).length, 1);
  assert.equal(brokenBy(recordOf(bought()), open), ["ended"]);
  const pending = { ...whole, reservations: [{ ...row, status: "PENDING" as const }] };
  assert.ok(brokenBy(recordOf(bought()), pending).includes("ended"));
  assert.equal(brokenBy(recordOf(bought()), { ...whole, sagas: [] }), ["ended"]);
  const compensated = { ...whole, sagas: [{ ...saga, state: "COMPENSATED" as const }] };
  assert.equal(brokenBy(recordOf(bought()), compensated), ["ended"]);
});

test("a saga that never hears of a cancellation is waited for, and found", () => {
  const deaf = { ...cancelled, sagas: [{ ...saga, state: "COMPLETED" as const }] };
  assert.is(openBusiness(deaf).length, 1);
  assert.ok(brokenBy(recordOf(bought({ cancellation: "ok" })), deaf).includes("ended"));
  assert.equal(openBusiness(cancelled), []);
});

test("a build without sagas is open until its cancelled reservations have net zero", () => {
  const { sagas, ...others } = cancelled;
  assert.equal(openBusiness({ ...others, sagas: undefined }), []);
  assert.is(openBusiness({ ...others, sagas: undefined, provider: [charge] }).length, 1);
});

test("an acknowledged reservation that is not in the books, or is another's, is found", () => {
  const lost = bought({ told: [{ reservationId: 12, sagaId: "saga-2" }] });
  assert.ok(brokenBy(recordOf(lost), whole).includes("acknowledged"));
  const others = {
    ...whole,
    reservations: [{ ...row, quantity: 1 }],
    stock: [{ ...line, availableStock: 9, held: 1 }],
  };
  assert.ok(brokenBy(recordOf(bought()), others).includes("acknowledged"));
  const twice = bought({
    told: [
      { reservationId: 11, sagaId: "saga-1" },
      { reservationId: 12, sagaId: "saga-2" },
    ],
  });
  assert.ok(brokenBy(recordOf(twice), whole).includes("acknowledged"));
  assert.equal(brokenBy(recordOf(bought({ cancellation: "ok" })), whole), ["acknowledged"]);
  const absurd = { ...recordOf(bought()), absurd: ["reserve answered 500"] };
  assert.equal(brokenBy(absurd, whole), ["acknowledged"]);
});

test("a reservation that nobody asked for is found, also one that was refused", () => {
  assert.equal(brokenBy(recordOf(), whole), ["asked"]);
  assert.equal(brokenBy(recordOf(bought({ attempts: [refused], told: [] })), whole), ["asked"]);
  const late = { ...refused, sentAtMs: AT_MS + 1 };
  const knownByThen = bought({ attempts: [unheard, late], told: [] });
  assert.equal(brokenBy(recordOf(knownByThen), whole), ["asked"]);
  const onItsWay = bought({ attempts: [unheard, refused], told: [] });
  assert.equal(judge(recordOf(onItsWay), whole), []);
});

test("a pass that opened the gate for two purchases is found", () => {
  const second = bought({ key: "key-2", told: [{ reservationId: 12, sagaId: "saga-2" }] });
  assert.ok(brokenBy(recordOf(bought(), second), whole).includes("passes"));
});

test.run();
