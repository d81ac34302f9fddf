/** A payment service as people write it: charge, remember, tell. */
import { join } from "node:path";
import type { ServiceSchema } from "moleculer";
import {
  type Database,
  ensureDatabase,
  migrate,
  openDatabase,
} from "../../../services/common/database.ts";
import { failpoint } from "../../../services/common/failpoints.ts";
import { openEdge } from "../../../services/common/http/edge.ts";
import { uuid } from "../../../services/common/ids.ts";
import { numberFromCents } from "../../../services/common/money.ts";
import type { ServiceContext } from "../../../services/common/service-context.ts";
import { SimulatedProvider } from "../../../services/payment/simulated-provider.ts";
import { chargeOf, rememberCharge } from "./charge-store.ts";
import type { NaiveBus, NaiveMessage } from "./naive-bus.ts";

type Context = Omit<ServiceContext, "bus">;

const SERVICES = join(import.meta.dirname, "..", "..", "..", "services");
const EVERYTHING = { after: 0, until: 2_147_483_647 };

export function naivePaymentService(context: Context, bus: NaiveBus): ServiceSchema {
  return {
    name: "payment",
    async started() {
      const url = context.databaseUrl("naive_payment");
      await ensureDatabase(url);
      const own = join(import.meta.dirname, "payment-sql");
      // The provider's books are those of the honest build: the world outside is the same.
      await migrate(url, [join(SERVICES, "common/sql"), join(SERVICES, "payment/sql"), own]);
      const database = await openDatabase({ url, poolSize: context.config.DATABASE_POOL_SIZE });
      const provider = new SimulatedProvider(database, behaviour(context));
      await bus.consume("payment", (message) => obey(database, provider, bus, message));
      await openPaymentEdge(context, provider);
    },
  };
}

/** Declines some; is never silent and never late, which would break this build without any crash. */
function behaviour({ config }: Context) {
  return {
    failurePercent: config.PAYMENT_FAILURE_PERCENT,
    silentPercent: 0,
    latePercent: 0,
    lateMs: 0,
    minLatencyMs: config.PAYMENT_MIN_LATENCY_MS,
    maxLatencyMs: config.PAYMENT_MAX_LATENCY_MS,
    seed: config.PAYMENT_SEED,
  };
}

async function obey(
  database: Database,
  provider: SimulatedProvider,
  bus: NaiveBus,
  message: NaiveMessage,
): Promise<void> {
  const { orderId } = message;
  const patience = AbortSignal.timeout(5_000);
  if (message.type === "charge") {
    const { reservationId, cents } = message;
    const key = `charge-${uuid()}`;
    const request = { key, amountCents: cents, sagaId: orderId, reservationId };
    const answer = await provider.charge(request, patience);
    await failpoint("payment.charge.afterAnswer");
    if (answer.result === "captured") await rememberCharge(database, orderId, key, cents);
    await failpoint("payment.outcome.afterCommit");
    const type = answer.result === "captured" ? "paid" : "declined";
    await bus.publish("ticket", { type, orderId });
  }
  if (message.type === "refund") {
    const charge = await chargeOf(database, orderId);
    if (!charge) return;
    const { chargeKey, cents } = charge;
    await provider.refund({ key: `refund-${uuid()}`, chargeKey, amountCents: cents }, patience);
  }
}

async function openPaymentEdge(context: Context, provider: SimulatedProvider): Promise<void> {
  const { config, log, verifier, onListening } = context;
  const edge = await openEdge({
    service: "payment",
    description: "The naive build.",
    host: config.HTTP_HOST,
    port: config.ports.payment,
    ...{ log, verifier },
    readiness: async () => ({}),
    routes: (app) => {
      app.get("/api/admin/ledger", { config: { access: "admin" } }, async () => {
        const lines = await provider.movements(EVERYTHING);
        const moved = lines.map(({ type, sagaId, amountCents, at }) => ({
          ...{ type, sagaId, at, amount: numberFromCents(amountCents) },
        }));
        return { payments: [], provider: moved, nextAfter: null };
      });
    },
  });
  onListening("payment", edge.url);
}
