/** Ticket, payment and saga on a JetStream that dies and forgets everything: every booking ends. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Bus } from "../common/bus/bus.ts";
import {
  freshNamespace,
  openTestBus,
  startOwnNats,
} from "../common/bus/testing/jetstream-stage.ts";
import type { SagaLedger } from "../common/contracts/saga.ts";
import type { ServiceContext } from "../common/service-context.ts";
import { eventually } from "../common/testing/service-harness.ts";
import { paymentService } from "../payment/payment.service.ts";
import { sagaService } from "../saga/saga.service.ts";
import { type Stage, shopByHttp, startStage } from "../ticket/testing/stage.ts";
import { StandInQueue } from "../ticket/testing/stand-in-queue.ts";
import { ticketService } from "../ticket/ticket.service.ts";

interface Bought {
  readonly id: number;
  readonly userId: number;
  readonly status: string;
}

/** Nothing but the outboxes helps: the coordinator asks again long after this test. */
const SETTINGS = {
  SAGA_RETRY_SECONDS: "600",
  PAYMENT_DEADLINE_SECONDS: "600",
  PAYMENT_MIN_LATENCY_MS: "20",
  PAYMENT_MAX_LATENCY_MS: "400",
  PAYMENT_FAILURE_PERCENT: "20",
};

/** While it is shut, messages lie in the store. */
const gate = { shut: false };

async function gatedBus(namespace: string, url: string): Promise<Bus> {
  const bus = await openTestBus(namespace, { storage: "file", ackWaitMs: 1_000 }, url);
  const consume = bus.consume.bind(bus);
  bus.consume = (service, handler, options) =>
    consume(
      service,
      async (message) => {
        if (gate.shut) throw new Error("the gate is shut");
        await handler(message);
      },
      options,
    );
  return bus;
}

test("JetStream loses everything four times during a sale, and every booking ends as it should", async () => {
  const nats = await startOwnNats();
  const namespace = freshNamespace();
  const queue = new StandInQueue();
  const stage = await startStage({
    saga: false,
    settings: SETTINGS,
    bus: () => gatedBus(namespace, nats.url),
    services: (context: ServiceContext) => [
      ticketService(context),
      paymentService(context),
      sagaService(context),
      queue.schema(),
    ],
  });
  try {
    const shop = await shopByHttp(stage, { totalStock: 500 });
    const tokens = new Map<number, string>();
    const buy = async (userId: number): Promise<Bought> => {
      tokens.set(userId, await stage.token(userId));
      const answer = await stage.http<Bought>(
        "ticket",
        `/api/reservations?eventId=${shop.eventId}`,
        {
          token: tokens.get(userId)!,
          headers: { "x-pass-token": queue.issue(shop.eventId, userId) },
          body: { productId: shop.productId, quantity: 1 },
        },
      );
      assert.is(answer.status, 201, JSON.stringify(answer.body));
      return answer.body;
    };
    const read = async ({ id, userId }: Bought) =>
      (
        await stage.http<Bought>("ticket", `/api/reservations/${id}`, {
          token: tokens.get(userId)!,
        })
      ).body;
    const bought: Bought[] = [];
    const cancelled = new Set<number>();
    for (let round = 0; round < 4; round++) {
      // In some rounds while all goes on, in others when what was said lies in the store.
      gate.shut = round % 2 === 1;
      const fresh = Array.from({ length: 25 }, (_, i) => buy(1 + round * 25 + i));
      bought.push(...(await Promise.all(fresh)));
      // Some buyers change their minds, whatever has become of their bookings.
      for (const one of bought.filter(({ id }) => id % 7 === round && !cancelled.has(id))) {
        const path = `/api/reservations/${one.id}/cancel`;
        const call = { method: "PUT", token: tokens.get(one.userId)! };
        const { status } = await stage.http("ticket", path, call);
        // 409: the payment failed meanwhile.
        assert.ok(status === 200 || status === 409, String(status));
        cancelled.add(one.id);
      }
      if (gate.shut) {
        for (const service of ["ticket", "payment", "saga"]) {
          await eventually(
            () => unsentOf(stage, service),
            (unsent) => unsent === 0,
          );
        }
      }
      await nats.kill();
      await nats.restart({ wiped: true });
      gate.shut = false;
    }
    const ledger = await eventually(
      async () =>
        (await stage.http<SagaLedger>("saga", "/api/admin/ledger", { token: stage.admin })).body
          .sagas,
      (sagas) =>
        sagas.length === bought.length &&
        sagas.every(({ state }) => state === "COMPLETED" || state === "COMPENSATED"),
      60_000,
    );
    const states = new Map(ledger.map(({ reservationId, state }) => [reservationId, state]));
    for (const one of bought) {
      const { status } = await read(one);
      const expected = status === "CONFIRMED" ? "COMPLETED" : "COMPENSATED";
      assert.is(`${one.id} ${status} ${states.get(one.id)}`, `${one.id} ${status} ${expected}`);
      if (cancelled.has(one.id)) assert.is(status, "CANCELLED");
    }
    assert.is(new Set(states.values()).size, 2, "some were to be paid, and some to be undone");
  } finally {
    await stage.end();
    await nats.stop();
  }
});

/** Messages that the service's outbox has not handed over. */
async function unsentOf(stage: Stage, service: string): Promise<number> {
  const { body } = await stage.http<string>(service, "/metrics");
  const line = body.split("\n").find((one) => /^outbox_(unsent|backlog)\{/.test(one));
  return Number(line?.split(" ").at(-1));
}

test.run();
