/** The payment provider of a run: keeps its word about keys, and is as difficult as the run has drawn. */
import type {
  ChargeAnswer,
  ChargeRequest,
  FindAnswer,
  ForbidAnswer,
  PaymentProvider,
  RefundAnswer,
  RefundRequest,
} from "../../services/payment/provider.ts";
import type { Faults } from "./faults.ts";
import type { Life, VirtualTime } from "./virtual-time.ts";

/** A line of the books. */
export interface BookedCharge {
  readonly key: string;
  outcome: "pending" | "captured" | "declined" | "voided";
  readonly sagaId: string | undefined;
  readonly amountCents: number;
  readonly transactionId: string;
}

export interface BookedRefund {
  readonly key: string;
  readonly sagaId: string;
  readonly amountCents: number;
}

const ABOUT_MS = 40;
const DECLINED = { result: "declined", reason: "the card was declined" } as const;

const capturedOf = ({ transactionId }: BookedCharge) =>
  ({ result: "captured", transactionId, at: "2030-01-01T00:00:00.000Z" }) as const;

export class ProviderModel {
  readonly charges = new Map<string, BookedCharge>();
  readonly refunds = new Map<string, BookedRefund>();
  /** Told of every change of the books. */
  onBooked: (sagaId: string, what: string) => void = () => {};
  readonly #time: VirtualTime;
  readonly #faults: Faults;
  /** Requests and decisions that are still to come. */
  underWay = 0;
  readonly #self: Life = { name: "provider", alive: true };

  constructor(time: VirtualTime, faults: Faults) {
    this.#time = time;
    this.#faults = faults;
  }

  /** The provider as one process reaches it. */
  clientOf(life: Life): PaymentProvider {
    return {
      currency: "eur",
      // Nobody reconciles a run: its watch reads the books themselves.
      async *statement() {},
      charge: (request) => this.#charge(life, request),
      refund: (request) => this.#call(life, () => this.#refund(request), request.key),
      find: (key) => this.#call(life, () => this.#find(key), key),
      forbid: (key) => this.#call(life, () => this.#forbid(key), key),
    };
  }

  #charge(life: Life, request: ChargeRequest): Promise<ChargeAnswer> {
    const { key } = request;
    if (this.#strikes("chargeSilent", key)) return new Promise(() => {});
    if (this.#strikes("requestLate", key)) {
      const lateMs = this.#faults.extent("requestLate", 2_000, 60_000);
      this.#later(lateMs, () => void this.#book(request));
      return new Promise(() => {});
    }
    return this.#call<ChargeAnswer>(
      life,
      () => {
        const booked = this.#book(request);
        if (booked.outcome === "pending") return { result: "pending" };
        return booked.outcome === "captured" ? capturedOf(booked) : DECLINED;
      },
      key,
    );
  }

  #book(request: ChargeRequest): BookedCharge {
    const { key, sagaId, amountCents } = request;
    const known = this.charges.get(key);
    if (known) return known;
    const outcome = this.#strikes("chargeDeclined", key) ? "declined" : "captured";
    const pending = this.#strikes("chargePending", key);
    const transactionId = `txn-${this.charges.size + 1}`;
    const booked: BookedCharge = {
      ...{ key, sagaId, amountCents, transactionId },
      outcome: pending ? "pending" : outcome,
    };
    this.charges.set(key, booked);
    if (pending) {
      const thinksMs = this.#faults.extent("chargePending", 500, 30_000);
      this.#later(thinksMs, () => {
        if (booked.outcome !== "pending") return;
        booked.outcome = outcome;
        this.onBooked(sagaId, `charge ${outcome}, ${amountCents}`);
      });
    }
    this.onBooked(sagaId, `charge ${booked.outcome}, ${amountCents}`);
    return booked;
  }

  #find(key: string): FindAnswer {
    const booked = this.charges.get(key);
    switch (booked?.outcome) {
      case undefined:
        return { result: "absent" };
      case "captured":
        return capturedOf(booked!);
      case "declined":
        return DECLINED;
      case "pending":
      case "voided":
        return { result: booked!.outcome as "pending" | "voided" };
    }
  }

  #forbid(key: string): ForbidAnswer {
    const booked = this.charges.get(key);
    if (booked?.outcome === "captured") {
      return capturedOf(booked);
    }
    if (booked) booked.outcome = booked.outcome === "declined" ? "declined" : "voided";
    else {
      const nothing = { sagaId: undefined, amountCents: 0, transactionId: "" };
      this.charges.set(key, { key, outcome: "voided", ...nothing });
    }
    return { result: "forbidden" };
  }

  #refund({ key, chargeKey, amountCents }: RefundRequest): RefundAnswer {
    if (this.#strikes("refundRefused", key)) return { result: "refused", reason: "not today" };
    const charge = this.charges.get(chargeKey);
    if (charge?.outcome !== "captured") return { result: "refused", reason: "no such charge" };
    if (!this.refunds.has(key)) {
      this.refunds.set(key, { key, sagaId: charge.sagaId!, amountCents });
      this.onBooked(charge.sagaId!, `refund ${amountCents}`);
    }
    return { result: "refunded", refundId: `rfn-${key}` };
  }

  /** There, `act`, and back; `act` undefined: no answer comes. */
  #call<T>(life: Life, act: () => T | undefined, key: string): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#later(ABOUT_MS, () => {
        const answer = act();
        if (answer === undefined) return;
        const breaks = this.#strikes("providerBreaks", key);
        const late = this.#strikes("answerLate", key);
        const ms = late ? this.#faults.extent("answerLate", 200, 40_000) : ABOUT_MS;
        this.#time.after(life, ms, () =>
          breaks ? reject(new Error("socket hang up")) : resolve(answer),
        );
      });
    });
  }

  #later(ms: number, act: () => void): void {
    this.underWay += 1;
    this.#time.after(this.#self, ms, () => {
      this.underWay -= 1;
      act();
    });
  }

  #strikes(kind: Parameters<Faults["strikes"]>[0], key: string): boolean {
    return this.#faults.strikes(kind, this.#time.nowMs, key);
  }
}
