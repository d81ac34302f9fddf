/** How reservations read in a terminal. */
import type { ListedReservation, Reservation } from "../../services/common/contracts/ticket.ts";
import { minute, money, plural, right, table } from "./words.ts";

/** `limit`: how many were asked for. */
export function reservationsText(all: readonly ListedReservation[], limit: number): string {
  if (all.length === 0) return "no reservations";
  const rows = table([
    ["id", "status", "user", "event", right("total"), "made (UTC)", "what"],
    ...all.map((one) => [
      String(one.id),
      one.status,
      String(one.userId),
      String(one.eventId),
      right(money(one.totalPrice)),
      minute(one.createdAt),
      `${one.quantity} × ${one.productName}${one.cancelReason === null ? "" : `: ${one.cancelReason}`}`,
    ]),
  ]);
  const more = all.length < limit ? "" : "; there may be more, see --limit";
  return `${rows}\n${plural(all.length, "reservation")}${more}`;
}

/** Where to read on stands last: how it came about is the saga's to tell. */
export function reservationText(one: Reservation): string {
  return [
    `reservation ${one.id}: ${one.status}`,
    table([
      ["  user", String(one.userId)],
      ["  bought", `${one.quantity} × ${one.productName} (product ${one.productId})`],
      ["  total", money(one.totalPrice)],
      ["  made", one.createdAt],
      ["  changed", one.updatedAt],
      ["  saga", `${one.sagaId} (reservex saga show ${one.sagaId})`],
    ]),
  ].join("\n");
}
