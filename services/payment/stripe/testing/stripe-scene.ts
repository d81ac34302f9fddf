/** The Stripe provider on a local server and a database of its own, as the conformance suite wants it. */
import type { Database } from "../../../common/database.ts";
import { ownDatabase } from "../../payment-test-aids.ts";
import type { ProviderScene } from "../../testing/provider-conformance.ts";
import { StripeCalls } from "../stripe-calls.ts";
import { StripeProvider } from "../stripe-provider.ts";
import { SECRET_KEY, StripeServer } from "./stripe-server.ts";

export interface StripeScene extends ProviderScene {
  readonly server: StripeServer;
  readonly database: Database;
  /** Charges of this saga are paid with this card. */
  pay(sagaId: string, card: string): void;
}

export async function openStripeScene(): Promise<StripeScene> {
  const own = await ownDatabase();
  const server = new StripeServer();
  await server.start();
  const cards = new Map<string, string>();
  const provider = () =>
    new StripeProvider({
      calls: new StripeCalls({ secretKey: SECRET_KEY, apiBase: server.url }),
      database: own.database,
      currency: "eur",
      paymentMethodOf: ({ sagaId }) => cards.get(sagaId) ?? "pm_card_visa",
    });
  return {
    provider: provider(),
    restarted: provider,
    server,
    database: own.database,
    pay: (sagaId, card) => cards.set(sagaId, card),
    decline: (sagaId) => cards.set(sagaId, "pm_card_chargeDeclined"),
    moved: async (sagaId) => movedBy(server, sagaId),
    lose(what) {
      server.fault = ({ method }) =>
        method === "POST" ? { do: what === "requests" ? "dropBefore" : "dropAfter" } : undefined;
    },
    mend() {
      server.fault = () => undefined;
    },
    passDay: () => server.passDay(),
    async close() {
      await server.stop();
      await own.drop();
    },
  };
}

/** What Stripe's books say of the saga. */
export function movedBy(server: StripeServer, sagaId: string) {
  const charges = server.books.charges.filter(
    (one) => one.status === "succeeded" && one.metadata.sagaId === sagaId,
  );
  const netCents = charges.reduce((sum, one) => sum + one.amount_captured - one.amount_refunded, 0);
  return { charges: charges.length, netCents };
}
