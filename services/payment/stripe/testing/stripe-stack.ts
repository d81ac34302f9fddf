/** The payment service with Stripe as its provider, on the local server. */
import {
  type PaymentStack,
  type startPayments as StartPayments,
  startPayments,
} from "../../payment-test-aids.ts";
import {
  SECRET_KEY,
  type SentEvent,
  StripeServer,
  signedEvent,
  WEBHOOK_SECRET,
} from "./stripe-server.ts";

type Options = NonNullable<Parameters<typeof StartPayments>[0]>;

export interface StripeStack extends PaymentStack {
  readonly server: StripeServer;
  /** Sends an event to the service's endpoint, signed as Stripe signs it. */
  tell(event: SentEvent, signing?: Parameters<typeof signedEvent>[1]): Promise<number>;
  tellRaw(body: string, headers: Readonly<Record<string, string>>): Promise<WebhookAnswer>;
}

export interface WebhookAnswer {
  readonly status: number;
  readonly type: string | null;
  readonly body: Readonly<Record<string, unknown>>;
}

export const WEBHOOK_PATH = "/api/payments/webhooks/stripe";

/** `server`: one that outlives the service, to test a restart; else it stops with the service. */
export async function startStripePayments(
  options: Options & { readonly server?: StripeServer } = {},
): Promise<StripeStack> {
  const server = options.server ?? new StripeServer();
  if (!options.server) await server.start();
  const stack = await startPayments({
    ...options,
    settings: {
      PAYMENT_PROVIDER: "stripe",
      STRIPE_SECRET_KEY: SECRET_KEY,
      STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET,
      STRIPE_API_BASE: server.url,
      ...options.settings,
    },
  });
  const tellRaw: StripeStack["tellRaw"] = async (body, headers) => {
    const answer = await stack.http("payment", WEBHOOK_PATH, { body, headers });
    return {
      status: answer.status,
      type: answer.headers.get("content-type"),
      body: answer.body,
    };
  };
  return {
    ...stack,
    server,
    tellRaw,
    async tell(event, signing) {
      const { body, signature } = signedEvent(event, signing);
      return (await tellRaw(body, { "stripe-signature": signature })).status;
    },
    async stop(stopping) {
      await stack.stop(stopping);
      if (!options.server) await server.stop();
    },
  };
}
