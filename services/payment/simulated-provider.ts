/** A payment provider that behaves as it is told: declines, loses requests, answers late; its books outlive a crash. */
import { setTimeout as wait } from "node:timers/promises";
import { Batcher } from "../common/batcher.ts";
import type { ProviderBehaviour } from "../common/contracts/payment.ts";
import type { Database } from "../common/database.ts";
import { type IdSource, uuid } from "../common/ids.ts";
import { LIMITS } from "../common/limits.ts";
import type { ProviderCall } from "./charge.ts";
import type { ReservationRange } from "./payment-store.ts";
import type {
  ChargeAnswer,
  ChargeRequest,
  FindAnswer,
  ForbidAnswer,
  PaymentProvider,
  Period,
  RefundAnswer,
  RefundRequest,
  StatementEntry,
} from "./provider.ts";
import { chargeFate, latencyMs } from "./simulated-fate.ts";
import {
  type BookedCharge,
  bookCharges,
  bookRefund,
  bookTombstone,
  type ChargeToBook,
  findCharge,
  type MovementLine,
  movements,
  SIMULATED_CURRENCY,
  statementPage,
  statementReservations,
} from "./simulated-provider-store.ts";

const LARGEST_BATCH = 64;

/**
 * Books first, answers after the latency: whoever stops listening in between does not know that
 * it was done, as with a real provider.
 */
export class SimulatedProvider implements PaymentProvider {
  readonly currency = SIMULATED_CURRENCY;
  readonly #database: Database;
  readonly #newId: IdSource;
  /** A provider has machines of its own; on ours its books must not cost a commit for each charge. */
  readonly #charges: Batcher<ChargeToBook, BookedCharge>;
  #behaviour: ProviderBehaviour;

  constructor(database: Database, behaviour: ProviderBehaviour, newId: IdSource = uuid) {
    this.#database = database;
    this.#behaviour = behaviour;
    this.#newId = newId;
    this.#charges = new Batcher((charges) => bookCharges(database, charges), LARGEST_BATCH, {
      atOnce: 2,
    });
  }

  get behaviour(): ProviderBehaviour {
    return this.#behaviour;
  }

  /** Holds for the calls that begin after it. */
  behave(behaviour: ProviderBehaviour): void {
    this.#behaviour = behaviour;
  }

  async charge(request: ChargeRequest, signal: AbortSignal): Promise<ChargeAnswer> {
    const behaviour = this.#behaviour;
    const fate = chargeFate(behaviour, request.key);
    if (fate === "silent") return silence(signal);
    const booked = await this.#charges.ask({
      request,
      outcome:
        fate === "declined"
          ? { result: "declined", reason: "the card was declined" }
          : { result: "captured", transactionId: `txn_${this.#newId()}` },
    });
    await pause(
      fate === "late" ? behaviour.lateMs : latencyMs(behaviour, "charge", request.key),
      signal,
    );
    return booked.result === "voided"
      ? { result: "declined", reason: "the merchant forbade this charge" }
      : booked;
  }

  async refund(request: RefundRequest, signal: AbortSignal): Promise<RefundAnswer> {
    const refundId = await bookRefund(this.#database, request, `rfn_${this.#newId()}`);
    await this.#latency("refund", request.key, signal);
    return refundId
      ? { result: "refunded", refundId }
      : { result: "refused", reason: "there is no captured charge with that key" };
  }

  async find(key: string, signal: AbortSignal): Promise<FindAnswer> {
    const booked = await findCharge(this.#database, key);
    await this.#latency("find", key, signal);
    return booked ?? { result: "absent" };
  }

  async forbid(key: string, signal: AbortSignal): Promise<ForbidAnswer> {
    const booked = await bookTombstone(this.#database, key);
    await this.#latency("forbid", key, signal);
    return booked.result === "captured" ? booked : { result: "forbidden" };
  }

  async *statement(period: Period): AsyncGenerator<readonly StatementEntry[]> {
    for (let after: StatementEntry | undefined; ; ) {
      const page = await statementPage(this.#database, period, after, LIMITS.statementRows);
      if (page.length > 0) yield page;
      if (page.length < LIMITS.statementRows) return;
      after = page.at(-1);
    }
  }

  /** Money that moved for the reservations, by the provider's own books. */
  movements(range: ReservationRange): Promise<readonly MovementLine[]> {
    return movements(this.#database, range);
  }

  /** The first `limit` reservations of the range for which money moved. */
  statementReservations(range: ReservationRange, limit: number): Promise<readonly number[]> {
    return statementReservations(this.#database, range, limit);
  }

  #latency(call: ProviderCall, key: string, signal: AbortSignal): Promise<void> {
    return pause(latencyMs(this.#behaviour, call, key), signal);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal });
}

/** Never answers; ends only because the caller stops listening. */
function silence(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const end = () => reject(signal.reason);
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
}
