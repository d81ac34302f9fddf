/** How events and products read in a terminal. */
import type {
  CancellationProgress,
  Product,
  SaleEvent,
} from "../../services/common/contracts/ticket.ts";
import { formatCount, formatPercent } from "../tui/number-format.ts";
import { minute, money, plural, right, table } from "./words.ts";

export function eventsText(events: readonly SaleEvent[]): string {
  if (events.length === 0) return "no events";
  return table([
    ["id", "status", "sale (UTC)", "event (UTC)", "name, venue"],
    ...events.map((event) => [
      String(event.id),
      event.status,
      `${minute(event.saleStartAt)} – ${minute(event.saleEndAt)}`,
      minute(event.eventDate),
      `${event.name}, ${event.venue}`,
    ]),
  ]);
}

export function eventText(event: SaleEvent, products: readonly Product[]): string {
  const { id, name, venue, status, eventDate, saleStartAt, saleEndAt, description } = event;
  const facts = table([
    ["  status", status],
    ["  venue", venue],
    ["  date", eventDate],
    ["  sale", `${saleStartAt} – ${saleEndAt}`],
    ...(description === "" ? [] : [["  about", description]]),
  ]);
  const lines = productsText(products).replaceAll(/^/gm, "  ");
  return [`event ${id}: ${name}`, facts, lines].join("\n");
}

export function productsText(products: readonly Product[]): string {
  if (products.length === 0) return "no products";
  return table([
    ["id", "event", ...["price", "left", "of"].map(right), "per buyer", "name"],
    ...products.map((product) => [
      String(product.id),
      String(product.eventId),
      right(money(product.price)),
      right(formatCount(product.availableStock)),
      right(formatCount(product.totalStock)),
      String(product.maxPerUser),
      product.name,
    ]),
  ]);
}

export function productText(product: Product): string {
  const { id, eventId, name, price, totalStock, availableStock, maxPerUser } = product;
  const gone = totalStock - availableStock;
  const share = totalStock > 0 ? ` (${formatPercent(gone / totalStock)})` : "";
  return [
    `product ${id}: ${name}`,
    table([
      ["  event", String(eventId)],
      ["  price", money(price)],
      ["  stock", `${formatCount(availableStock)} of ${formatCount(totalStock)} left`],
      ["  sold or held", `${formatCount(gone)}${share}`],
      ["  per buyer", `${maxPerUser} at most`],
      ["  sale", `${product.saleStartAt} – ${product.saleEndAt}`],
      ...(product.description === "" ? [] : [["  about", product.description]]),
    ]),
  ].join("\n");
}

/** How far a cancelled event is settled, in one line. */
export function cancellationLine(eventId: number, progress: CancellationProgress): string {
  const { total, cancelled, remaining, done } = progress;
  const reservations = plural(total, "reservation");
  if (done) {
    return total === 0
      ? `event ${eventId} is cancelled; it had no live reservations`
      : `event ${eventId} is cancelled with ${reservations}; sagas refund what was paid`;
  }
  const share = formatPercent(total > 0 ? cancelled / total : 0);
  const counts = `${formatCount(cancelled)} of ${formatCount(total)} (${share})`;
  return `event ${eventId} is cancelled; its reservations: ${counts}, ${formatCount(remaining)} to go`;
}
