/** What each line of history.ndjson, and ledger.json, must look like. */
import { HISTORY_VERSION } from "./history.ts";
import type { Check } from "./shape.ts";
import {
  dictionary,
  duration,
  flag,
  instant,
  isObject,
  list,
  natural,
  number,
  oneOf,
  optional,
  shape,
  text,
  whole,
} from "./shape.ts";

const stockLine = shape({ id: whole, totalStock: whole, availableStock: whole, held: whole });

const header = shape({
  version: oneOf(HISTORY_VERSION),
  runId: text,
  startedAt: text,
  seed: number,
  settings: shape({
    clients: natural,
    arrivals: oneOf("burst", "ramp", "poisson", "replay"),
    arrivalSeconds: duration,
    quantity: number,
    absentPercent: duration,
    attackersPercent: duration,
    paymentFailurePercent: duration,
    habits: optional(
      shape({
        impatientPercent: duration,
        patienceSeconds: duration,
        doubleClickPercent: duration,
        retryingPercent: duration,
        regrettingPercent: optional(duration),
        dawdlingPercent: optional(duration),
      }),
    ),
    workers: optional(natural),
    sockets: optional(oneOf("shared", "own")),
    settleWithinSeconds: optional(duration),
    target: dictionary(text),
    hidden: optional(list(oneOf("passTimes", "payments", "sagas", "keys"))),
  }),
  sale: shape({
    eventId: whole,
    permitsPerMinute: natural,
    pacing: oneOf("smooth", "burst"),
    passTtlSeconds: duration,
    products: list(
      shape({ id: whole, name: text, priceCents: natural, totalStock: natural, maxPerUser: whole }),
    ),
  }),
  clocks: optional(
    list(shape({ worker: text, errorMs: duration, driftMs: number, exchanges: natural })),
  ),
});

const base = {
  id: natural,
  client: natural,
  intendedMs: number,
  invokedMs: number,
  endedMs: number,
  outcome: oneOf("ok", "fail", "unknown"),
  status: optional(natural),
  code: optional(text),
  attack: optional(
    oneOf("no-pass", "forged-pass", "foreign-pass", "spent-pass", "poll-flood", "many-accounts"),
  ),
  habit: optional(oneOf("impatient", "double-click", "retry", "regret")),
};

const position = { position: optional(number), pollAfterSeconds: optional(duration) };
const reservationStatus = oneOf("PENDING", "PAYMENT_PENDING", "CONFIRMED", "CANCELLED");
const follow = shape({
  ...base,
  reservationId: whole,
  reservationStatus: optional(reservationStatus),
});

const ops = new Map<unknown, Check>(
  Object.entries({
    join: shape({ ...base, ...position }),
    poll: shape({ ...base, ...position, pass: optional(text), passExpiresAt: optional(instant) }),
    leave: shape(base),
    reserve: shape({
      ...base,
      pass: optional(text),
      key: text,
      productId: whole,
      quantity: number,
      reservationId: optional(whole),
      sagaId: optional(text),
    }),
    follow,
    cancel: follow,
    probe: shape({
      ...base,
      promise: oneOf("input", "access", "passes"),
      tried: text,
      expected: oneOf("refused", "served"),
      alike: optional(text),
      said: optional(text),
      pace: optional(text),
    }),
  }),
);

const opName = oneOf(...[...ops.keys()].map(String));
const op: Check = (value, at) => {
  if (!isObject(value)) return `${at || "the value"} must be an object`;
  const check = ops.get(value.op);
  return check ? check(value, at) : opName(value.op, "op");
};

const end = shape({
  atMs: number,
  reason: oneOf("everyone-done", "time-limit", "interrupted"),
  tester: shape({
    sendLagMs: shape({ p50: number, p99: number, max: number }),
    eventLoopLagMs: shape({ p99: number, max: number }),
    droppedArrivals: natural,
    workerSendLagP99Ms: optional(list(number)),
    lostWorkers: optional(list(text)),
  }),
});

export const lines = new Map<unknown, Check>(
  Object.entries({
    run: header,
    op,
    stock: shape({ atMs: number, products: list(stockLine) }),
    shown: shape({ atMs: number, products: list(shape({ id: whole, availableStock: whole })) }),
    note: shape({ atMs: number, text, permitsPerMinute: optional(number) }),
    fault: shape({ atMs: number, what: text, target: text, text }),
    end,
  }),
);

export const lineKind = oneOf(...[...lines.keys()].map(String));

export const ledgerShape = shape({
  readAt: text,
  settled: flag,
  settleSeconds: duration,
  products: list(stockLine),
  reservations: list(
    shape({
      id: whole,
      sagaId: text,
      userId: whole,
      productId: whole,
      quantity: number,
      totalPriceCents: whole,
      status: reservationStatus,
      createdAt: text,
    }),
  ),
  payments: list(
    shape({
      id: text,
      sagaId: text,
      reservationId: whole,
      amountCents: whole,
      status: oneOf("PENDING", "PROCESSING", "COMPLETED", "FAILED", "REFUNDED"),
    }),
  ),
  provider: list(
    shape({ type: oneOf("charge", "refund"), sagaId: text, amountCents: whole, at: text }),
  ),
  sagas: list(shape({ sagaId: text, reservationId: whole, state: text })),
});
