/**
 * What a Stripe account knows and does: intents, charges and refunds with Stripe's rules of state,
 * in memory. Only what payments of this project touch, and strict in that: what Stripe would
 * refuse is refused.
 */
import { randomUUID } from "node:crypto";

/** An answer with a status and Stripe's `error` object. */
export class StripeRefusal extends Error {
  readonly status: number;
  readonly error: Readonly<Record<string, unknown>>;

  constructor(status: number, error: Readonly<Record<string, unknown>>) {
    super(String(error.message));
    this.status = status;
    this.error = error;
  }
}

export interface Intent {
  readonly object: "payment_intent";
  readonly id: string;
  readonly amount: number;
  amount_received: number;
  readonly currency: string;
  status: string;
  payment_method: string | null;
  readonly capture_method: string;
  cancellation_reason: string | null;
  canceled_at: number | null;
  latest_charge: string | null;
  last_payment_error: Readonly<Record<string, unknown>> | null;
  readonly client_secret: string;
  readonly created: number;
  readonly livemode: false;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface Charge {
  readonly object: "charge";
  readonly id: string;
  readonly amount: number;
  readonly amount_captured: number;
  amount_refunded: number;
  readonly captured: boolean;
  readonly currency: string;
  readonly created: number;
  readonly failure_code: string | null;
  readonly livemode: false;
  readonly metadata: Readonly<Record<string, string>>;
  readonly paid: boolean;
  readonly payment_intent: string | null;
  readonly status: "succeeded" | "failed";
}

export interface Refund {
  readonly object: "refund";
  readonly id: string;
  readonly amount: number;
  readonly charge: string;
  readonly currency: string;
  readonly created: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly payment_intent: string | null;
  status: "succeeded" | "pending" | "failed";
}

/** What the card says. */
type CardAnswer = "captured" | "processing" | "action" | { readonly decline: string };

/** Stripe's test cards, and two that lead into states which need a customer or time. */
const CARDS: Readonly<Record<string, CardAnswer>> = {
  pm_card_visa: "captured",
  pm_card_chargeDeclined: { decline: "generic_decline" },
  pm_card_chargeDeclinedInsufficientFunds: { decline: "insufficient_funds" },
  pm_card_authenticationRequired: { decline: "authentication_required" },
  pm_test_actionRequired: "action",
  pm_test_slow: "processing",
};

export class StripeBooks {
  readonly intents = new Map<string, Intent>();
  /** Oldest first. */
  readonly charges: Charge[] = [];
  readonly refunds: Refund[] = [];
  /** Seconds since 1970. */
  readonly #now: () => number;
  /** The next refunds begin in this state. */
  refundsBegin: Refund["status"] = "succeeded";

  constructor(now: () => number) {
    this.#now = now;
  }

  createIntent(values: {
    readonly amount: number;
    readonly currency: string;
    readonly paymentMethod: string | undefined;
    readonly captureMethod: string;
    readonly metadata: Readonly<Record<string, string>>;
  }): Intent {
    const { amount, currency, paymentMethod, metadata } = values;
    if (amount < 50) throw invalid("amount_too_small", "Amount must be at least €0.50 eur");
    if (amount > 99_999_999) {
      throw invalid("amount_too_large", "Amount must be no more than €999,999.99");
    }
    if (paymentMethod !== undefined && CARDS[paymentMethod] === undefined) {
      throw invalid("resource_missing", `No such PaymentMethod: '${paymentMethod}'`);
    }
    const id = `pi_${plainId()}`;
    const intent: Intent = {
      object: "payment_intent",
      id,
      amount,
      amount_received: 0,
      currency,
      status: paymentMethod === undefined ? "requires_payment_method" : "requires_confirmation",
      payment_method: paymentMethod ?? null,
      capture_method: values.captureMethod,
      cancellation_reason: null,
      canceled_at: null,
      latest_charge: null,
      last_payment_error: null,
      client_secret: `${id}_secret_${plainId()}`,
      created: this.#now(),
      livemode: false,
      metadata,
    };
    this.intents.set(id, intent);
    return intent;
  }

  intent(id: string): Intent {
    const found = this.intents.get(id);
    if (!found) throw invalid("resource_missing", `No such payment_intent: '${id}'`, 404);
    return found;
  }

  confirm(id: string): Intent {
    const intent = this.intent(id);
    if (intent.status === "requires_payment_method") {
      throw unexpected(
        intent,
        "You cannot confirm this PaymentIntent because it's missing a payment method.",
      );
    }
    if (intent.status !== "requires_confirmation") {
      throw unexpected(
        intent,
        `You cannot confirm this PaymentIntent because it has a status of ${intent.status}.`,
      );
    }
    const answer = CARDS[intent.payment_method ?? ""];
    if (answer === "captured") this.capture(id);
    else if (answer === "processing") intent.status = "processing";
    else if (answer === "action") intent.status = "requires_action";
    else throw this.#decline(intent, answer?.decline ?? "generic_decline");
    return intent;
  }

  /** Money moves. Also the end of what was "processing". */
  capture(id: string): Charge {
    const intent = this.intent(id);
    const charge = this.#charge(intent, "succeeded", null);
    Object.assign(intent, { status: "succeeded", amount_received: intent.amount });
    return charge;
  }

  cancel(id: string, reason: string | null): Intent {
    const intent = this.intent(id);
    if (!/^requires_/.test(intent.status)) {
      throw unexpected(
        intent,
        `You cannot cancel this PaymentIntent because it has a status of ${intent.status}.`,
      );
    }
    const canceled = { status: "canceled", cancellation_reason: reason, canceled_at: this.#now() };
    return Object.assign(intent, canceled, { last_payment_error: null });
  }

  refund(
    intentId: string,
    asked: number | undefined,
    metadata: Readonly<Record<string, string>>,
  ): Refund {
    const charge = this.charges.find(
      (one) => one.payment_intent === intentId && one.status === "succeeded",
    );
    if (!charge) {
      throw invalid("resource_missing", `This PaymentIntent (${intentId}) has no charge.`);
    }
    const left = charge.amount_captured - charge.amount_refunded;
    if (left === 0) {
      throw invalid("charge_already_refunded", `Charge ${charge.id} has already been refunded.`);
    }
    const amount = asked ?? left;
    if (amount > left) {
      throw invalid(undefined, `Refund amount (${amount}) is greater than unrefunded amount`);
    }
    if (this.refundsBegin !== "failed") charge.amount_refunded += amount;
    const refund: Refund = {
      object: "refund",
      id: `re_${plainId()}`,
      amount,
      charge: charge.id,
      currency: charge.currency,
      created: this.#now(),
      metadata,
      payment_intent: intentId,
      status: this.refundsBegin,
    };
    this.refunds.push(refund);
    return refund;
  }

  /** A charge that nobody here has asked for: made by hand, or by another program. */
  foreignCharge(values: Partial<Charge>): Charge {
    const intent = { id: null, amount: 4_990, currency: "eur", metadata: {} };
    const charge = { ...this.#newCharge(intent, "succeeded", null), ...values };
    this.charges.push(charge);
    return charge;
  }

  #decline(intent: Intent, declineCode: string): StripeRefusal {
    const authentication = declineCode === "authentication_required";
    const charge = this.#charge(intent, "failed", "card_declined");
    const error = {
      type: "card_error",
      code: authentication ? "authentication_required" : "card_declined",
      decline_code: declineCode,
      message: authentication
        ? "Your card was declined. This transaction requires authentication."
        : "Your card was declined.",
      charge: charge.id,
    };
    Object.assign(intent, {
      status: "requires_payment_method",
      payment_method: null,
      last_payment_error: error,
    });
    return new StripeRefusal(402, { ...error, payment_intent: intent });
  }

  #charge(intent: Intent, status: Charge["status"], failure: string | null): Charge {
    const charge = this.#newCharge(intent, status, failure);
    this.charges.push(charge);
    intent.latest_charge = charge.id;
    return charge;
  }

  #newCharge(
    intent: Pick<Intent, "amount" | "currency" | "metadata"> & { readonly id: string | null },
    status: Charge["status"],
    failure: string | null,
  ): Charge {
    const captured = status === "succeeded";
    return {
      object: "charge",
      id: `ch_${plainId()}`,
      amount: intent.amount,
      amount_captured: captured ? intent.amount : 0,
      amount_refunded: 0,
      captured,
      currency: intent.currency,
      created: this.#now(),
      failure_code: failure,
      livemode: false,
      metadata: intent.metadata,
      paid: captured,
      payment_intent: intent.id,
      status,
    };
  }
}

export function invalid(code: string | undefined, message: string, status = 400): StripeRefusal {
  return new StripeRefusal(status, { type: "invalid_request_error", code, message });
}

function unexpected(intent: Intent, message: string): StripeRefusal {
  return new StripeRefusal(400, {
    type: "invalid_request_error",
    code: "payment_intent_unexpected_state",
    message,
    payment_intent: { ...intent },
  });
}

/** Letters and digits, as Stripe's. */
const plainId = (): string => randomUUID().replaceAll("-", "");
