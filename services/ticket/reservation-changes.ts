/** Confirming and cancelling: state, stock, message and inbox mark change as one. */
import { type Clock, instant } from "../common/clock.ts";
import type { Message } from "../common/contracts/messages.ts";
import { failpoint } from "../common/failpoints.ts";
import { type IdSource, newMessageId } from "../common/ids.ts";
import {
  announcement,
  CANCELLED_BY_BUYER,
  type Command,
  type Reservation,
  type Ruling,
  ruling,
  type Stamp,
} from "./reservation.ts";
import type { ChangeBooks, ChangeTransaction } from "./reservation-books.ts";

export interface Changes {
  readonly books: ChangeBooks;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** Told after messages were committed. */
  readonly onMessages: () => void;
}

export const newStamp = (from: Pick<Changes, "clock" | "ids">): Stamp => ({
  messageId: newMessageId(from.ids),
  occurredAt: instant(from.clock.now()),
});

/**
 * Does what the saga asks for. A message that was handled before changes nothing.
 * @throws for a saga without a reservation: the message comes again, and by then it may be known.
 */
export async function handleSagaCommand(changes: Changes, message: Message): Promise<void> {
  if (message.type !== "ConfirmReservation" && message.type !== "CancelReservation") {
    throw new Error(`${message.type} is not for the ticket service`);
  }
  const command = message.type === "ConfirmReservation" ? "confirm" : "cancelForSaga";
  const reason = message.type === "CancelReservation" ? message.data.reason : "";
  const stamp = newStamp(changes);
  await changes.books.transaction(async (tx) => {
    if (!(await tx.firstTime(message.messageId))) return;
    const { sagaId } = message;
    const reservation = await tx.lockReservation({ sagaId });
    if (!reservation) throw new Error(`no reservation belongs to ${sagaId}`);
    await carryOut(tx, reservation, command, reason, stamp);
  });
  changes.onMessages();
}

export type BuyersCancellation =
  | { readonly outcome: "cancelled"; readonly reservation: Reservation }
  /** Also for a reservation that is not theirs. */
  | { readonly outcome: "notFound" }
  | { readonly outcome: "alreadyCancelled" };

/** `userId` undefined: an administrator, who may cancel anybody's. */
export async function cancelForBuyer(
  changes: Changes,
  id: number,
  userId: number | undefined,
): Promise<BuyersCancellation> {
  const stamp = newStamp(changes);
  const answer = await changes.books.transaction(async (tx): Promise<BuyersCancellation> => {
    const reservation = await tx.lockReservation({ id });
    if (!reservation || (userId !== undefined && reservation.userId !== userId)) {
      return { outcome: "notFound" };
    }
    const done = await carryOut(tx, reservation, "cancelByBuyer", CANCELLED_BY_BUYER, stamp);
    if (done === "refuse") return { outcome: "alreadyCancelled" };
    const after = await tx.lockReservation({ id });
    await failpoint("ticket.cancel.beforeCommit");
    return after ? { outcome: "cancelled", reservation: after } : { outcome: "notFound" };
  });
  await failpoint("ticket.cancel.afterCommit");
  if (answer.outcome === "cancelled") changes.onMessages();
  return answer;
}

/** Takes the ruling for a locked reservation, and writes all that follows from it. */
async function carryOut(
  tx: ChangeTransaction,
  reservation: Reservation,
  command: Command,
  reason: string,
  stamp: Stamp,
): Promise<Ruling> {
  const taken = ruling(reservation.status, command);
  switch (taken) {
    case "confirm": {
      await tx.markConfirmed(reservation.id);
      const after = { ...reservation, status: "CONFIRMED" } as const;
      await tx.putMessages([announcement(after, stamp)]);
      return taken;
    }
    case "cancel": {
      await tx.markCancelled(reservation.id, reason);
      const after = { ...reservation, status: "CANCELLED", cancelReason: reason } as const;
      await tx.putMessages([announcement(after, stamp)]);
      return taken;
    }
    case "repeat":
      await tx.putMessages([announcement(reservation, stamp)]);
      return taken;
    case "refuse":
      return taken;
  }
}
