/** Sins of the sale: stock, quantities, windows, limits and whose reservation it is. */
import type { Database } from "../../common/database.ts";
import type { decide } from "../../saga/booking-saga.ts";
import type { BookingDesk } from "../../ticket/booking-desk.ts";
import { alterFunction, giveBackTwice, loadCatalogueAgain } from "./mutant-store.ts";
import { override } from "./override.ts";
import type { Spoils } from "./plant-mutant.ts";

type Rules = typeof decide;

const database = (spoil: (database: Database) => Promise<void>): Spoils => ({
  "ticket.database": async (opening: Promise<Database>) => {
    const opened = await opening;
    await spoil(opened);
    return opened;
  },
});

const rules = (spoil: (honest: Rules) => Rules): Spoils => ({ "saga.rules": spoil });

const stay = { does: "stay", note: "" } as const;

/** A request's part as it is checked; only the bodies of purchases have a quantity. */
type Validator = (route: { readonly schema: unknown }) => (part: unknown) => unknown;

function bent(bend: (quantity: number) => number): Spoils {
  const spoil =
    (honest: Validator): Validator =>
    (route) => {
      const check = honest(route);
      return (part) => {
        const { quantity } = (part ?? {}) as { quantity?: unknown };
        if (typeof quantity !== "number") return check(part);
        return check({ ...(part as object), quantity: bend(quantity) });
      };
    };
  return { "edge.validator": spoil };
}

const ENORMOUS = 1_000_000;

export const SALE_MUTANTS = {
  "S1-lost-update": () =>
    database((db) =>
      alterFunction(
        db,
        "reserve",
        "available_stock = available_stock - p_quantity",
        "available_stock = available_stock - case when new_id % 4 = 0 then 0 else p_quantity end",
      ),
    ),
  "S2-negative": () => bent((quantity) => (quantity < 0 ? -quantity : quantity)),
  "S2-zero": () => bent((quantity) => (quantity === 0 ? 1 : quantity)),
  "S2-enormous": () => bent((quantity) => (quantity > ENORMOUS ? 1 : quantity)),
  "S2-fraction": () => bent((quantity) => Math.ceil(quantity)),
  "S3-given-back-twice": () => database(giveBackTwice),
  "S3-no-refund": () =>
    rules((honest) => (state, event) => {
      if (state?.at !== "completed" || event.type !== "ReservationCancelled") {
        return honest(state, event);
      }
      const to = { at: "compensated", because: event.reason } as const;
      return { does: "go", to, send: [], note: "" };
    }),
  "S4-held-for-ever": () =>
    rules(
      (honest) => (state, event) => (event.type === "deadlinePassed" ? stay : honest(state, event)),
    ),
  "S5-sold-out-500": (): Spoils => ({
    "ticket.desk": (desk: BookingDesk) =>
      override(desk, {
        async buy(purchase) {
          const answer = await desk.buy(purchase);
          const soldOut = answer.outcome === "refused" && answer.because === "OUT_OF_STOCK";
          if (soldOut) throw new Error("Insufficient stock");
          return answer;
        },
      }),
  }),
  "S6-foreign-reservation": (): Spoils => ({ "ticket.whose": () => () => undefined }),
  "S6-confirmed-unpaid": () =>
    rules(
      (honest) => (state, event) =>
        state?.at === "charging" && event.type === "PaymentFailed"
          ? { does: "go", to: { at: "confirming" }, send: ["ConfirmReservation"], note: "" }
          : honest(state, event),
    ),
  "S7-no-window": () =>
    database((db) =>
      alterFunction(db, "reserve", "when not seen.on_sale then 'SALE_NOT_OPEN'", ""),
    ),
  "S7-no-limit": () =>
    database((db) =>
      alterFunction(db, "reserve", "when p_quantity > seen.max_per_user or", "when false and"),
    ),
  "R1-catalogue-again": () => database(loadCatalogueAgain),
};
