/**
 * Events from Stripe. An event says only *that* something happened to an intent; what happened the
 * worker asks, because events come late, twice and out of order, and the answer does not.
 */
import { Stripe } from "stripe";
import { z } from "zod";
import type { Clock } from "../../common/clock.ts";
import { problem } from "../../common/contracts/shared.ts";
import type { Database } from "../../common/database.ts";
import { Problem } from "../../common/errors.ts";
import type { EdgeApp } from "../../common/http/edge.ts";
import { LIMITS } from "../../common/limits.ts";
import { sagaOfChargeKey } from "../charge.ts";
import { askNow } from "../payment-store.ts";
import { firstSight, keyOfIntent } from "./stripe-store.ts";

/** Older signatures are refused: a recorded event cannot be sent again much later. */
const TOLERANCE_SECONDS = 300;

export interface StripeWebhookOptions {
  readonly database: Database;
  /** The endpoint's signing secret. */
  readonly secret: string;
  readonly clock: Clock;
  /** After the commit of an event that leaves a question to ask. */
  readonly onWork: () => void;
}

/** Types that can mean something to a payment; the intent is the object or named by it. */
const ABOUT_PAYMENTS = /^(payment_intent|charge|refund)\./;

const stripeEvent = z.object({
  id: z.string().regex(/^evt_[\w-]{1,200}$/),
  type: z.string(),
  data: z.object({
    object: z.object({
      id: z.string().optional(),
      object: z.string().optional(),
      payment_intent: z.string().nullish(),
    }),
  }),
});
type StripeEvent = z.infer<typeof stripeEvent>;

export function stripeWebhookRoute(app: EdgeApp, options: StripeWebhookOptions): void {
  // The signature is of the bytes, so this route alone reads them as they are.
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      "application/json",
      { parseAs: "buffer", bodyLimit: LIMITS.webhookBytes },
      (_request, body, done) => done(null, body),
    );
    (scope as EdgeApp).post(
      "/api/payments/webhooks/stripe",
      {
        config: { access: "public" },
        schema: {
          summary: "Takes an event of Stripe's",
          description:
            "Signed by Stripe. The payment it is about is asked for; the event itself settles nothing.",
          response: { 200: z.object({ received: z.literal(true) }), 400: problem, 413: problem },
        },
      },
      async (request) => {
        const signature = request.headers["stripe-signature"];
        const event = verified(request.body, signature, options);
        if (await take(event, options)) options.onWork();
        return { received: true } as const;
      },
    );
  });
}

/** @throws Problem VALIDATION_FAILED for an event that Stripe has not signed just now */
function verified(
  body: unknown,
  signature: string | readonly string[] | undefined,
  { secret, clock }: StripeWebhookOptions,
): StripeEvent {
  if (!Buffer.isBuffer(body)) throw refusal("body", "is missing");
  if (typeof signature !== "string") throw refusal("headers.stripe-signature", "is missing");
  try {
    const event = Stripe.webhooks.constructEvent(
      body,
      signature,
      secret,
      TOLERANCE_SECONDS,
      undefined,
      clock.now(),
    );
    return stripeEvent.parse(event);
  } catch (error) {
    if (error instanceof Stripe.errors.StripeSignatureVerificationError) {
      throw refusal("headers.stripe-signature", "does not fit the body, or is too old");
    }
    throw refusal("body", "is not an event");
  }
}

function refusal(path: string, message: string): Problem {
  return new Problem("VALIDATION_FAILED", `${path}: ${message}`, { errors: [{ path, message }] });
}

/** Marks the event and makes its payment due, in one transaction. True where there is a question. */
function take(event: StripeEvent, { database }: StripeWebhookOptions): Promise<boolean> {
  const intentId = intentOf(event);
  if (intentId === undefined) return Promise.resolve(false);
  return database.transaction(async (tx) => {
    if (!(await firstSight(tx, event.id))) return false;
    const key = await keyOfIntent(tx, intentId);
    const sagaId = key === undefined ? undefined : sagaOfChargeKey(key);
    return sagaId !== undefined && askNow(tx, sagaId);
  });
}

function intentOf({ type, data: { object } }: StripeEvent): string | undefined {
  if (!ABOUT_PAYMENTS.test(type)) return undefined;
  const id = object.object === "payment_intent" ? object.id : object.payment_intent;
  return id ?? undefined;
}
