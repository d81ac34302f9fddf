/** What the integration tests of payments share: a stand-in for the saga, orders, a database of their own. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Bus } from "../common/bus/bus.ts";
import type { Message, MessageOf, MessageType } from "../common/contracts/messages.ts";
import type { PaymentLedger, ProviderBehaviour } from "../common/contracts/payment.ts";
import {
  type Database,
  ensureDatabase,
  migrate,
  openDatabase,
  withClient,
  withDatabase,
} from "../common/database.ts";
import {
  type Harness,
  type HarnessOptions,
  startHarness,
  testDatabaseServer,
} from "../common/testing/service-harness.ts";
import { paymentService } from "./payment.service.ts";

export const OWNER = 7;
export const STRANGER = 8;
export const ADMIN = 1;

export const HONEST: ProviderBehaviour = {
  failurePercent: 0,
  minLatencyMs: 0,
  maxLatencyMs: 5,
  silentPercent: 0,
  latePercent: 0,
  lateMs: 1_000,
  seed: 1,
};

export interface PaymentStack extends Harness {
  /** All that the saga was told, in the order of arrival. */
  readonly heard: readonly Message[];
  readonly admin: string;
}

/** The payment service with a stand-in for the saga that notes what it hears. */
export async function startPayments(
  options: Omit<HarnessOptions, "services"> = {},
): Promise<PaymentStack> {
  const heard: Message[] = [];
  const harness = await startHarness({
    ...options,
    settings: {
      PAYMENT_MIN_LATENCY_MS: "0",
      PAYMENT_MAX_LATENCY_MS: "5",
      PAYMENT_TIMEOUT_MS: "300",
      ...options.settings,
    },
    services: (context) => [
      paymentService(context),
      {
        name: "saga-stand-in",
        started: () =>
          context.bus.consume("saga", async (message) => {
            heard.push(message);
          }),
      },
    ],
  });
  return { ...harness, heard, admin: await harness.token(ADMIN, "ADMIN") };
}

export interface Booking {
  readonly sagaId: string;
  readonly reservationId: number;
  readonly userId: number;
  readonly amountCents: number;
}

export function booking(reservationId: number, amountCents = 4_990): Booking {
  return { sagaId: `saga_${reservationId}`, reservationId, userId: OWNER, amountCents };
}

export function chargeOrder(
  { sagaId, ...data }: Booking,
  messageId: string = randomUUID(),
): MessageOf<"ChargePayment"> {
  return { messageId, sagaId, type: "ChargePayment", occurredAt: new Date().toISOString(), data };
}

export function refundOrder(
  { sagaId, ...data }: Booking,
  messageId: string = randomUUID(),
): MessageOf<"RefundPayment"> {
  const occurredAt = new Date().toISOString();
  return {
    messageId,
    sagaId,
    type: "RefundPayment",
    occurredAt,
    data: { ...data, reason: "cancelled" },
  };
}

/** Sends as an outbox does: the same message again until the bus has taken it. */
export async function send(bus: Bus, message: Message): Promise<void> {
  for (;;) {
    try {
      await bus.publish(message);
      return;
    } catch {
      // Not known to have arrived: once more.
    }
  }
}

export function told(stack: PaymentStack, sagaId: string): readonly MessageType[] {
  return stack.heard.filter((message) => message.sagaId === sagaId).map(({ type }) => type);
}

export async function ledger(stack: PaymentStack, query = ""): Promise<PaymentLedger> {
  const answer = await stack.http<PaymentLedger>("payment", `/api/admin/ledger${query}`, {
    token: stack.admin,
  });
  return answer.body;
}

/** Our status of the saga's payment, and what the provider's books say: the types of its lines. */
export async function standing(stack: PaymentStack, sagaId: string) {
  const { payments, provider } = await ledger(stack);
  return {
    status: payments.find((one) => one.sagaId === sagaId)?.status,
    moved: provider.filter((line) => line.sagaId === sagaId).map((line) => line.type),
  };
}

/** Changes the simulated provider while it runs. */
export async function behave(
  stack: PaymentStack,
  change: Partial<ProviderBehaviour>,
): Promise<void> {
  const { status, body } = await stack.http("payment", "/api/admin/provider", {
    method: "PATCH",
    token: stack.admin,
    body: change,
  });
  if (status !== 200) throw new Error(JSON.stringify(body));
}

/** A migrated payment database without a service on it. */
export async function ownDatabase(): Promise<{ database: Database; drop(): Promise<void> }> {
  const server = testDatabaseServer();
  const name = `t_${randomUUID().replaceAll("-", "").slice(0, 16)}`;
  const url = withDatabase(server, name);
  await ensureDatabase(url);
  await migrate(url, [
    join(import.meta.dirname, "../common/sql"),
    join(import.meta.dirname, "sql"),
  ]);
  const database = await openDatabase({ url, poolSize: 6 });
  return {
    database,
    async drop() {
      await database.end();
      await withClient(server, (client) => client.query(`drop database ${name} with (force)`));
    },
  };
}
