/** How a booking's state is written into the columns of a saga, and read from them. */
import type { SagaState } from "../common/contracts/saga.ts";
import type { At, BookingState } from "./booking-saga.ts";

export const STATE_NAMES: Readonly<Record<At, SagaState>> = {
  charging: "CHARGING",
  confirming: "CONFIRMING",
  cancelling: "CANCELLING",
  refunding: "REFUNDING",
  completed: "COMPLETED",
  compensated: "COMPENSATED",
};

export interface StateColumns {
  readonly state: SagaState;
  readonly money: "none" | "open" | null;
  readonly because: string | null;
}

export function columnsOf(state: BookingState): StateColumns {
  return {
    state: STATE_NAMES[state.at],
    money: state.at === "cancelling" ? state.money : null,
    because: "because" in state ? state.because : null,
  };
}

/** The table's constraints keep the three together. */
export function stateFromColumns(row: StateColumns): BookingState {
  const because = row.because ?? "";
  switch (row.state) {
    case "CHARGING":
      return { at: "charging" };
    case "CONFIRMING":
      return { at: "confirming" };
    case "CANCELLING":
      return { at: "cancelling", money: row.money ?? "open", because };
    case "REFUNDING":
      return { at: "refunding", because };
    case "COMPLETED":
      return { at: "completed" };
    case "COMPENSATED":
      return { at: "compensated", because };
  }
}
