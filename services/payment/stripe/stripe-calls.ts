/** Stripe's API as its library speaks it, each call under a signal, none repeated behind our back. */
import { AsyncLocalStorage } from "node:async_hooks";
import { Stripe } from "stripe";
import { type AFTER_DECLINE, type FORBIDDEN, isOldFailure } from "./stripe-answers.ts";

/** The library's types and this service's reading of the objects are of this version. */
export const API_VERSION = "2026-10-28.endive";
/** Above the longest PAYMENT_TIMEOUT_MS: the caller's signal ends a call, never the library. */
const LIBRARY_TIMEOUT_MS = 150_000;
/** An outage longer than so many answers under keys of one request is left to the next attempt. */
const MOST_RUNGS = 5;
/** The most that Stripe gives at once. */
const PAGE_ROWS = 100;

export interface StripeCallsOptions {
  readonly secretKey: string;
  /** http://127.0.0.1:PORT for a server of one's own; Stripe's by default. */
  readonly apiBase?: string | undefined;
}

export interface NewIntent {
  readonly amountCents: number;
  readonly currency: string;
  readonly paymentMethod: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export class StripeCalls {
  readonly #stripe: Stripe;
  readonly #signal = new AsyncLocalStorage<AbortSignal>();

  constructor({ secretKey, apiBase }: StripeCallsOptions) {
    this.#stripe = new Stripe(secretKey, {
      apiVersion: API_VERSION,
      // A call that failed has an unknown outcome, and the worker asks. The library's own client
      // would repeat after a cut connection even so; with fetch it does not.
      maxNetworkRetries: 0,
      httpClient: Stripe.createFetchHttpClient(this.#fetch),
      timeout: LIBRARY_TIMEOUT_MS,
      telemetry: false,
      ...(apiBase ? addressOf(apiBase) : {}),
    });
  }

  /** An intent that is not confirmed: it moves no money. The card is named here and only here. */
  createIntent(key: string, intent: NewIntent, signal: AbortSignal): Promise<Stripe.PaymentIntent> {
    const params: Stripe.PaymentIntentCreateParams = {
      amount: intent.amountCents,
      currency: intent.currency,
      payment_method: intent.paymentMethod,
      allowed_payment_method_types: ["card"],
      capture_method: "automatic",
      metadata: { ...intent.metadata },
    };
    return this.#keyed(key, signal, (idempotencyKey) =>
      this.#stripe.paymentIntents.create(params, { idempotencyKey }),
    );
  }

  confirmIntent(key: string, id: string, signal: AbortSignal): Promise<Stripe.PaymentIntent> {
    const params = { off_session: true, expand: ["latest_charge"] };
    return this.#keyed(`${key}-confirm`, signal, (idempotencyKey) =>
      this.#stripe.paymentIntents.confirm(id, params, { idempotencyKey }),
    );
  }

  retrieveIntent(id: string, signal: AbortSignal): Promise<Stripe.PaymentIntent> {
    const params = { expand: ["latest_charge"] };
    return this.#under(signal, () => this.#stripe.paymentIntents.retrieve(id, params));
  }

  /** Needs no key of ours: an intent is cancelled once, and says so ever after. */
  cancelIntent(
    id: string,
    why: typeof AFTER_DECLINE | typeof FORBIDDEN,
    signal: AbortSignal,
  ): Promise<Stripe.PaymentIntent> {
    const params = { cancellation_reason: why };
    return this.#under(signal, () => this.#stripe.paymentIntents.cancel(id, params));
  }

  createRefund(
    key: string,
    intentId: string,
    amountCents: number,
    signal: AbortSignal,
  ): Promise<Stripe.Refund> {
    const params = { payment_intent: intentId, amount: amountCents, metadata: { refundKey: key } };
    return this.#keyed(key, signal, (idempotencyKey) =>
      this.#stripe.refunds.create(params, { idempotencyKey }),
    );
  }

  /** Newest first. */
  async refundsOf(intentId: string, signal: AbortSignal): Promise<readonly Stripe.Refund[]> {
    const params = { payment_intent: intentId, limit: PAGE_ROWS };
    return (await this.#under(signal, () => this.#stripe.refunds.list(params))).data;
  }

  /** Charges made from `gte`, before `lt` (seconds since 1970), newest first, a page at a time. */
  async *charges(
    created: { readonly gte: number; readonly lt: number },
    signal: AbortSignal,
  ): AsyncGenerator<readonly Stripe.Charge[]> {
    for (let after: string | undefined; ; ) {
      const params = { created, limit: PAGE_ROWS, ...(after ? { starting_after: after } : {}) };
      const page = await this.#under(signal, () => this.#stripe.charges.list(params));
      yield page.data;
      after = page.data.at(-1)?.id;
      if (!page.has_more || after === undefined) return;
    }
  }

  /**
   * Calls under `key`; under the next key of its ladder where this one is spent on an old failure
   * of Stripe's. Everybody climbs the same ladder, and what may happen once the intent's own state
   * guards, so a key is never all that stands between us and a second charge.
   */
  async #keyed<T>(
    key: string,
    signal: AbortSignal,
    call: (idempotencyKey: string) => Promise<T>,
  ): Promise<T> {
    for (let rung = 1; ; rung += 1) {
      try {
        return await this.#under(signal, () => call(rung === 1 ? key : `${key}~${rung}`));
      } catch (error) {
        if (rung === MOST_RUNGS || !isOldFailure(error)) throw error;
      }
    }
  }

  #under<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    return this.#signal.run(signal, call);
  }

  /** The library hands over no signal of its callers, only its own. */
  readonly #fetch: typeof fetch = (url, init = {}) => {
    const signals = [init.signal, this.#signal.getStore()].filter((one) => one != null);
    return fetch(url, { ...init, signal: AbortSignal.any(signals) });
  };
}

function addressOf(apiBase: string): Pick<Stripe.StripeConfig, "host" | "port" | "protocol"> {
  const { hostname, port, protocol } = new URL(apiBase);
  const secure = protocol === "https:";
  return {
    host: hostname,
    port: port || (secure ? 443 : 80),
    protocol: secure ? "https" : "http",
  };
}
