/** The provider that the configuration names. */
import type { Config } from "../common/config.ts";
import type { ProviderBehaviour } from "../common/contracts/payment.ts";
import type { Database } from "../common/database.ts";
import { SimulatedProvider } from "./simulated-provider.ts";
import { StripeCalls } from "./stripe/stripe-calls.ts";
import { StripeProvider } from "./stripe/stripe-provider.ts";

export type OpenedProvider =
  | { readonly kind: "simulated"; readonly provider: SimulatedProvider }
  | {
      readonly kind: "stripe";
      readonly provider: StripeProvider;
      readonly webhookSecret: string;
    };

export function openProvider(config: Config, database: Database): OpenedProvider {
  if (config.PAYMENT_PROVIDER === "simulated") {
    const provider = new SimulatedProvider(database, initialBehaviour(config));
    return { kind: "simulated", provider };
  }
  const { STRIPE_SECRET_KEY: secretKey, STRIPE_WEBHOOK_SECRET: webhookSecret } = config;
  // The configuration is read whole or not at all.
  if (!secretKey || !webhookSecret) throw new Error("stripe without its secrets");
  const provider = new StripeProvider({
    calls: new StripeCalls({ secretKey, apiBase: config.STRIPE_API_BASE }),
    database,
    currency: config.STRIPE_CURRENCY,
    // A checkout would collect one from each customer and the order would carry it to here.
    paymentMethodOf: () => config.STRIPE_PAYMENT_METHOD,
  });
  return { kind: "stripe", provider, webhookSecret };
}

function initialBehaviour(config: Config): ProviderBehaviour {
  return {
    failurePercent: config.PAYMENT_FAILURE_PERCENT,
    silentPercent: config.PAYMENT_SILENT_PERCENT,
    latePercent: config.PAYMENT_LATE_PERCENT,
    lateMs: config.PAYMENT_LATE_MS,
    minLatencyMs: config.PAYMENT_MIN_LATENCY_MS,
    maxLatencyMs: config.PAYMENT_MAX_LATENCY_MS,
    seed: config.PAYMENT_SEED,
  };
}
