/**
 * Payments by Stripe. A charge is one PaymentIntent, in two steps: it is created unconfirmed, which
 * moves no money, its id is written down, and only then it is confirmed, by that id.
 *
 * Why not create and confirm in one call: after a lost answer nothing but the idempotency key would
 * lead back to the charge, and asking with it is charging if the first request never arrived; after
 * 24 hours Stripe forgets the key, and asking is charging again. Listing by metadata cannot tell
 * "not there" from "not there yet". With the id in `stripe_charge`:
 * - at most one intent of a key is ever confirmed: the row is written once and never changed;
 * - an intent captures at most once, and a cancelled one never does: Stripe's own state guards it;
 * - asking is reading one object by its id, today or next year;
 * - forbidding is cancelling it, or, where there is none, a row that lets nobody write one.
 * A decline is told only after the intent was cancelled: Stripe would take another card for it. The
 * card is named at its creation and leaves it with a decline, so nothing tries the same card twice.
 * An intent whose id was lost before it could be written is confirmed by nobody: it expires.
 */
import type { Database } from "../../common/database.ts";
import type {
  ChargeAnswer,
  ChargeRequest,
  Declined,
  FindAnswer,
  ForbidAnswer,
  PaymentProvider,
  Period,
  RefundAnswer,
  RefundRequest,
  StatementEntry,
} from "../provider.ts";
import {
  AFTER_DECLINE,
  FORBIDDEN,
  type IntentState,
  intentState,
  isRefundedAlready,
  isStateConflict,
  refusalOf,
  statementEntry,
  sumRefunds,
} from "./stripe-answers.ts";
import type { StripeCalls } from "./stripe-calls.ts";
import { bookIntent, bookRefusal, chargeOf, type StripeCharge } from "./stripe-store.ts";

export interface StripeProviderOptions {
  readonly calls: StripeCalls;
  /** Statements on it stand alone: none shares a transaction with a call. */
  readonly database: Database;
  readonly currency: string;
  /** The card that pays for a charge: `pm_…`, collected by a checkout of Stripe's. */
  readonly paymentMethodOf: (request: ChargeRequest) => string;
}

/** A state with nothing left to close. */
type Settled = Exclude<IntentState, { readonly result: "attempted" }>;

export class StripeProvider implements PaymentProvider {
  readonly currency: string;
  readonly #options: StripeProviderOptions;

  constructor(options: StripeProviderOptions) {
    this.currency = options.currency;
    this.#options = options;
  }

  async charge(request: ChargeRequest, signal: AbortSignal): Promise<ChargeAnswer> {
    const { calls, database } = this.#options;
    const { key } = request;
    const booked = (await chargeOf(database, key)) ?? (await this.#open(request, signal));
    if (booked.intentId === null) return refused(booked);
    const id = booked.intentId;
    const state = await this.#settle(id, signal, () => calls.confirmIntent(key, id, signal));
    if (state.result === "voided") return refused(booked);
    if (state.result !== "unconfirmed") return state;
    throw new Error(`${id} was confirmed and is not`);
  }

  async find(key: string, signal: AbortSignal): Promise<FindAnswer> {
    const { calls, database } = this.#options;
    const booked = await chargeOf(database, key);
    if (!booked) return { result: "absent" };
    if (booked.intentId === null) {
      return booked.refusedBecause === null ? { result: "voided" } : refused(booked);
    }
    const id = booked.intentId;
    const state = await this.#settle(id, signal, () => calls.retrieveIntent(id, signal));
    return state.result === "unconfirmed" ? { result: "absent" } : state;
  }

  async forbid(key: string, signal: AbortSignal): Promise<ForbidAnswer> {
    const { calls, database } = this.#options;
    const { intentId } = await bookRefusal(database, key, null);
    if (intentId === null) return { result: "forbidden" };
    const state = await this.#settle(intentId, signal, () =>
      calls.cancelIntent(intentId, FORBIDDEN, signal),
    );
    if (state.result === "captured") return state;
    if (state.result === "voided" || state.result === "declined") return { result: "forbidden" };
    throw new Error(`${intentId} is ${state.result} and cannot be cancelled now`);
  }

  async refund(request: RefundRequest, signal: AbortSignal): Promise<RefundAnswer> {
    const { calls, database } = this.#options;
    const intentId = (await chargeOf(database, request.chargeKey))?.intentId;
    if (!intentId) return { result: "refused", reason: "there is no charge with that key" };
    // Asked first: the key would repeat the first answer for a day, and after that do it again.
    const before = sumRefunds(await calls.refundsOf(intentId, signal));
    const missing = request.amountCents - before.doneCents - before.pendingCents;
    if (missing <= 0) return refundAnswer(before, request);
    const key = before.tried === 0 ? request.key : `${request.key}-${before.tried + 1}`;
    try {
      await calls.createRefund(key, intentId, missing, signal);
    } catch (error) {
      if (!isRefundedAlready(error)) throw error;
    }
    return refundAnswer(sumRefunds(await calls.refundsOf(intentId, signal)), request);
  }

  async *statement(
    { since, until }: Period,
    signal: AbortSignal,
  ): AsyncGenerator<readonly StatementEntry[]> {
    const created = { gte: Date.parse(since) / 1_000, lt: Date.parse(until) / 1_000 };
    for await (const page of this.#options.calls.charges(created, signal)) {
      yield page.map(statementEntry).filter((entry) => entry !== undefined);
    }
  }

  /** Creates the intent and writes its id down, unless the key has one or must have none. */
  async #open(request: ChargeRequest, signal: AbortSignal): Promise<StripeCharge> {
    const { calls, database, currency, paymentMethodOf } = this.#options;
    const { key, amountCents, sagaId, reservationId } = request;
    const intent = {
      amountCents,
      currency,
      paymentMethod: paymentMethodOf(request),
      metadata: { sagaId, reservationId: String(reservationId), chargeKey: key },
    };
    try {
      const { id } = await calls.createIntent(key, intent, signal);
      return await bookIntent(database, key, id);
    } catch (error) {
      const because = refusalOf(error);
      if (because === undefined) throw error;
      return bookRefusal(database, key, because);
    }
  }

  /** The intent's state after the call, read again where Stripe refuses the call because of it. */
  async #settle(
    id: string,
    signal: AbortSignal,
    call: () => Promise<Parameters<typeof intentState>[0]>,
  ): Promise<Settled> {
    const { calls } = this.#options;
    const read = () => calls.retrieveIntent(id, signal);
    const state = intentState(await orElse(call, read));
    if (state.result !== "attempted") return state;
    // Only cancelled it is an end; somebody may be faster, and then that is the state.
    const closed = intentState(
      await orElse(() => calls.cancelIntent(id, AFTER_DECLINE, signal), read),
    );
    if (closed.result === "attempted") throw new Error(`${id} was declined and is not cancelled`);
    // Cancelling may clear the reason.
    return closed.result === "declined" ? { result: "declined", reason: state.reason } : closed;
  }
}

/** The call's object, or what `read` finds where the object's state did not let it happen. */
async function orElse<T>(call: () => Promise<T>, read: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!isStateConflict(error)) throw error;
    return read();
  }
}

function refused({ refusedBecause }: StripeCharge): Declined {
  return { result: "declined", reason: refusedBecause ?? "the merchant forbade this charge" };
}

function refundAnswer(
  sum: ReturnType<typeof sumRefunds>,
  { amountCents }: RefundRequest,
): RefundAnswer {
  if (sum.firstDone !== undefined && sum.doneCents >= amountCents) {
    return { result: "refunded", refundId: sum.firstDone };
  }
  if (sum.doneCents + sum.pendingCents >= amountCents) return { result: "pending" };
  return { result: "refused", reason: "Stripe could not pay the refund out" };
}
