/** Confirming and cancelling: state, stock, message and inbox mark change as one. */
import { type Clock, instant } from "../common/clock.ts";
import type { Message, MessageOf } from "../common/contracts/messages.ts";
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
import type { Cancellation } from "./reservation-change-store.ts";

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

type SagaCommand = MessageOf<"ConfirmReservation"> | MessageOf<"CancelReservation">;

/**
 * Does what the saga asks for in all these messages, in one transaction; one that was handled
 * before changes nothing.
 * @throws for a saga without a reservation, having changed nothing: its message comes again, and
 *   by then it may be known.
 */
export async function handleSagaCommands(
  changes: Changes,
  messages: readonly Message[],
): Promise<void> {
  const commands = messages.map(sagaCommandOf);
  await changes.books.transaction(async (tx) => {
    const fresh = new Set(await tx.firstTimes(messages.map(({ messageId }) => messageId)));
    // One that came twice in one batch is fresh once.
    const unread = commands.filter(({ messageId }) => fresh.delete(messageId));
    if (unread.length === 0) return;
    const sagaIds = new Set(unread.map(({ sagaId }) => sagaId));
    const held = await tx.lockReservations({ sagaIds: [...sagaIds] });
    const standing = new Map(held.map((one) => [one.sagaId, one]));
    const done = new Done(changes);
    for (const { sagaId, type, data } of unread) {
      const reservation = standing.get(sagaId);
      if (!reservation) throw new Error(`no reservation belongs to ${sagaId}`);
      const command = type === "ConfirmReservation" ? "confirm" : "cancelForSaga";
      const reason = type === "CancelReservation" ? data.reason : "";
      standing.set(sagaId, done.take(reservation, command, reason).after);
    }
    await done.write(tx);
  });
  changes.onMessages();
}

function sagaCommandOf(message: Message): SagaCommand {
  if (message.type === "ConfirmReservation" || message.type === "CancelReservation") return message;
  throw new Error(`${message.type} is not for the ticket service`);
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
  const answer = await changes.books.transaction(async (tx): Promise<BuyersCancellation> => {
    const [reservation] = await tx.lockReservations({ ids: [id] });
    if (!reservation || (userId !== undefined && reservation.userId !== userId)) {
      return { outcome: "notFound" };
    }
    const done = new Done(changes);
    const { taken } = done.take(reservation, "cancelByBuyer", CANCELLED_BY_BUYER);
    if (taken === "refuse") return { outcome: "alreadyCancelled" };
    await done.write(tx);
    const [after] = await tx.lockReservations({ ids: [id] });
    await failpoint("ticket.cancel.beforeCommit");
    return after ? { outcome: "cancelled", reservation: after } : { outcome: "notFound" };
  });
  await failpoint("ticket.cancel.afterCommit");
  if (answer.outcome === "cancelled") changes.onMessages();
  return answer;
}

/** Rulings taken for locked reservations, and all that follows from them, to be written at once. */
class Done {
  readonly #from: Changes;
  readonly #confirmed: number[] = [];
  readonly #cancelled: Cancellation[] = [];
  readonly #messages: Message[] = [];

  constructor(from: Changes) {
    this.#from = from;
  }

  take(
    reservation: Reservation,
    command: Command,
    reason: string,
  ): { readonly taken: Ruling; readonly after: Reservation } {
    const taken = ruling(reservation.status, command);
    const after = afterRuling(reservation, taken, reason);
    const { id } = reservation;
    if (taken === "confirm") this.#confirmed.push(id);
    if (taken === "cancel") this.#cancelled.push({ id, reason });
    if (taken !== "refuse") this.#messages.push(announcement(after, newStamp(this.#from)));
    return { taken, after };
  }

  /** One that is confirmed and then cancelled is written in that order. */
  async write(tx: ChangeTransaction): Promise<void> {
    await tx.markConfirmed(this.#confirmed);
    await tx.markCancelled(this.#cancelled);
    await tx.putMessages(this.#messages);
  }
}

function afterRuling(reservation: Reservation, taken: Ruling, reason: string): Reservation {
  switch (taken) {
    case "confirm":
      return { ...reservation, status: "CONFIRMED" };
    case "cancel":
      return { ...reservation, status: "CANCELLED", cancelReason: reason };
    case "repeat":
    case "refuse":
      return reservation;
  }
}
