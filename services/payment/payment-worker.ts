/**
 * Brings payments to an outcome: claims due ones, asks the provider outside any transaction, writes
 * down what it said. Runs in every process of the service; a claim keeps two workers apart, and
 * where a lease has run out, keys at the provider and guards in the table do.
 */
import type { Clock } from "../common/clock.ts";
import { failpoint } from "../common/failpoints.ts";
import type { IdSource } from "../common/ids.ts";
import { LIMITS } from "../common/limits.ts";
import type { Log } from "../common/log.ts";
import { systemTimers, type Timers } from "../common/timers.ts";
import { WorkLoop } from "../common/work-loop.ts";
import {
  backoffMs,
  chargeKey,
  firstCall,
  type Heard,
  nextStep,
  type ProviderCall,
  refundKey,
  type Step,
} from "./charge.ts";
import type { PaymentBooks } from "./payment-books.ts";
import { outcomeMessage } from "./payment-messages.ts";
import type { ClaimedPayment, StoredPayment } from "./payment-store.ts";
import type { PaymentProvider } from "./provider.ts";

/** Looked at this often even when nobody woke the worker: back-off that ended, leases of the dead. */
const IDLE_POLL_MS = 500;
/** Calls on their way when the worker stops may take this long; then their outcome is unknown. */
const STOP_GRACE_MS = 1_000;
/** A claim makes two calls at most (find, then charge or forbid); this is for writing them down. */
const LEASE_MARGIN_MS = 5_000;
const CALLS_PER_CLAIM = 2;
const STOPPED = "the service stopped";

export interface PaymentWorkerOptions {
  readonly books: PaymentBooks;
  readonly provider: PaymentProvider;
  readonly clock: Clock;
  readonly timers?: Timers;
  readonly ids?: IdSource;
  readonly log: Log;
  /** Milliseconds that one call to the provider may take. */
  readonly timeoutMs: number;
  /** After the commit of outcomes: messages wait in the outbox. */
  readonly onSettled: (payments: readonly StoredPayment[]) => void;
}

interface Resolved {
  readonly payment: ClaimedPayment;
  readonly step: Exclude<Step, { readonly do: "call" }>;
}

export class PaymentWorker {
  readonly #options: PaymentWorkerOptions;
  readonly #working = new Set<Promise<void>>();
  readonly #calls = new Set<AbortController>();
  readonly #timers: Timers;
  readonly #loop: WorkLoop;
  #resolved: Resolved[] = [];

  constructor(options: PaymentWorkerOptions) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    this.#loop = new WorkLoop({
      timers: this.#timers,
      look: () => this.#look(),
      // Leases and what was heard are kept, so trying again loses nothing.
      onError: (error) =>
        options.log.warn({ err: error }, "payments: nothing written, will try again"),
      retryMs: IDLE_POLL_MS,
    });
  }

  start(): void {
    this.#loop.start();
  }

  /** Says that work was committed; cheap, may be called for every transaction. */
  wake(): void {
    this.#loop.wake();
  }

  /** Claims nothing more, gives calls on their way a moment, writes down what is known, and ends. */
  async stop(): Promise<void> {
    await this.#loop.stop();
    await this.#finish();
  }

  /** Writes down what was heard, claims what is due; rests when there was nothing. */
  async #look(): Promise<number> {
    await this.#record();
    const room = LIMITS.providerCalls - this.#working.size;
    const claimed = room > 0 ? await this.#options.books.claimDue(room, this.#leaseSeconds()) : [];
    if (claimed.length > 0) await failpoint("payment.charge.afterClaim");
    for (const payment of claimed) this.#work(payment);
    return claimed.length === 0 && this.#resolved.length === 0 ? IDLE_POLL_MS : 0;
  }

  async #finish(): Promise<void> {
    const endGrace = this.#timers.after(STOP_GRACE_MS, () => {
      for (const call of this.#calls) call.abort(new Error(STOPPED));
    });
    await Promise.allSettled(this.#working);
    endGrace();
    await this.#record().catch((error) =>
      this.#options.log.warn({ err: error }, "payments: last answers not written; will ask again"),
    );
  }

  #work(payment: ClaimedPayment): void {
    const working = this.#resolve(payment)
      .then((step) => {
        this.#resolved.push({ payment, step });
      })
      .catch((error: unknown) => {
        // A bug: the lease brings the payment back, and nothing was settled on the strength of it.
        this.#options.log.error({ err: error, paymentId: payment.id }, "payments: cannot resolve");
      })
      .finally(() => {
        this.#working.delete(working);
        this.wake();
      });
    this.#working.add(working);
  }

  async #resolve(payment: ClaimedPayment): Promise<Resolved["step"]> {
    let call = firstCall(payment.before);
    for (;;) {
      const heard = await this.#ask(call, payment);
      if (call === "charge") await failpoint("payment.charge.afterAnswer");
      const step = nextStep(call, payment.refundOrdered, heard);
      if (step.do !== "call") return step;
      call = step.call;
    }
  }

  /** One call. Whatever goes wrong with it, its outcome is unknown: silence. */
  async #ask(call: ProviderCall, payment: ClaimedPayment): Promise<Heard> {
    if (this.#loop.stopping) return { result: "silence", because: STOPPED };
    const { timeoutMs } = this.#options;
    const listening = new AbortController();
    const { signal } = listening;
    const callOff = this.#timers.after(timeoutMs, () =>
      listening.abort(new Error(`no answer in ${timeoutMs} ms`)),
    );
    this.#calls.add(listening);
    try {
      // Raced, because a provider that does not heed the signal must not hold the worker.
      return await Promise.race([this.#send(call, payment, signal), ended(signal)]);
    } catch (error) {
      const cause = signal.aborted ? signal.reason : error;
      return { result: "silence", because: cause instanceof Error ? cause.message : String(cause) };
    } finally {
      callOff();
      this.#calls.delete(listening);
    }
  }

  #send(call: ProviderCall, payment: ClaimedPayment, signal: AbortSignal): Promise<Heard> {
    const { provider } = this.#options;
    const { sagaId, reservationId, amountCents } = payment;
    const key = chargeKey(sagaId);
    switch (call) {
      case "charge":
        return provider.charge({ key, amountCents, sagaId, reservationId }, signal);
      case "find":
        return provider.find(key, signal);
      case "forbid":
        return provider.forbid(key, signal);
      case "refund":
        return provider.refund({ key: refundKey(sagaId), chargeKey: key, amountCents }, signal);
    }
  }

  /** Writes a whole batch at once, with its messages: one commit for all heard since the last look. */
  async #record(): Promise<void> {
    if (this.#resolved.length === 0) return;
    const batch = this.#resolved;
    this.#resolved = [];
    try {
      const settled = await this.#write(batch);
      await failpoint("payment.outcome.afterCommit");
      if (settled.length > 0) this.#options.onSettled(settled);
    } catch (error) {
      this.#resolved = batch.concat(this.#resolved);
      throw error;
    }
  }

  #write(batch: readonly Resolved[]): Promise<readonly StoredPayment[]> {
    const { books, clock, ids } = this.#options;
    const captures = batch.flatMap(({ payment: { id }, step }) =>
      step.do === "complete"
        ? [{ id, transactionId: step.transactionId, capturedAt: step.capturedAt }]
        : [],
    );
    const failures = batch.flatMap(({ payment: { id }, step }) =>
      step.do === "fail" ? [{ id, reason: step.reason }] : [],
    );
    const refunds = batch.flatMap(({ payment, step }) =>
      step.do === "refunded" ? [payment.id] : [],
    );
    const unknown = batch.flatMap(({ payment, step }) =>
      step.do === "askLater" ? [this.#postponement(payment, step.because)] : [],
    );
    return books.transaction(async (tx) => {
      const settled = [
        ...(await tx.recordCaptured(captures)),
        ...(await tx.recordFailed(failures)),
        ...(await tx.recordRefunded(refunds)),
      ];
      await tx.postpone(unknown);
      await tx.putMessages(settled.map((payment) => outcomeMessage(payment, clock, ids)));
      await failpoint("payment.outcome.beforeCommit");
      return settled;
    });
  }

  #postponement(payment: ClaimedPayment, why: string) {
    const refunding = payment.status === "COMPLETED";
    const because = refunding ? `refund not done, attempt ${payment.attempts}: ${why}` : why;
    // Whoever comes after us need not wait for what we no longer listen to.
    const delayMs = this.#loop.stopping ? 0 : backoffMs(payment.attempts);
    const level = refunding || payment.attempts > 2 ? "warn" : "debug";
    this.#options.log[level](
      { paymentId: payment.id, sagaId: payment.sagaId, attempts: payment.attempts, why, delayMs },
      refunding ? "payments: refund not done" : "payments: outcome unknown, will ask",
    );
    return { payment, delayMs, because };
  }

  #leaseSeconds(): number {
    return (CALLS_PER_CLAIM * this.#options.timeoutMs + LEASE_MARGIN_MS) / 1_000;
  }
}

/** Rejects when the signal ends. */
function ended(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
