/** What is left of each product. */
import type { Snapshot } from "../../engine/snapshot.ts";
import { clean, padLeft, padRight } from "../cells.ts";
import { barCells } from "../charts.ts";
import { type Line, span } from "../line.ts";
import { formatCount } from "../number-format.ts";
import { type Panel, panel, widest } from "./panel.ts";

const MAX_PRODUCTS = 6;
type Product = Snapshot["stock"][number];

export function stockPanel({ stock }: Snapshot, width: number): Panel {
  const shown = stock.length > MAX_PRODUCTS ? stock.slice(0, MAX_PRODUCTS - 1) : stock;
  const nameWidth = Math.min(widest(shown.map(({ name }) => clean(name))), Math.floor(width / 3));
  const amountWidth = widest(shown.map(amount));
  const content: Line[] = shown.flatMap((product) => {
    const barWidth = width - nameWidth - amountWidth - 2;
    return [productLine(product, nameWidth, barWidth, amountWidth), ...alarmLines(product)];
  });
  if (stock.length > shown.length) content.push(othersLine(stock.slice(shown.length)));
  if (stock.length === 0) content.push([span("not known yet", "dim")]);
  return panel(1, "STOCK", [span("█ taken ░ left", "dim")], content, width);
}

function productLine(
  product: Product,
  nameWidth: number,
  barWidth: number,
  amountWidth: number,
): Line {
  const { totalStock, availableStock } = product;
  const taken = totalStock > 0 ? (totalStock - availableStock) / totalStock : 0;
  const { filled, empty } = barCells(taken, barWidth);
  return [
    span(padRight(clean(product.name), nameWidth)),
    span(" "),
    span("█".repeat(filled), "accent"),
    span("░".repeat(empty), "dim"),
    span(" "),
    span(padLeft(amount(product), amountWidth), availableStock === 0 ? "strong" : "plain"),
  ];
}

function amount({ totalStock, availableStock }: Product): string {
  return availableStock === 0
    ? `sold out of ${formatCount(totalStock)}`
    : `${formatCount(availableStock)} of ${formatCount(totalStock)} left`;
}

/** Both figures come from one statement, so a difference is no matter of timing. */
export function alarmLines({ totalStock, availableStock, held }: Product): Line[] {
  const missing = totalStock - availableStock - held;
  const lines: Line[] = [];
  if (availableStock < 0)
    lines.push([span(`✘ oversold by ${formatCount(-availableStock)}`, "bad")]);
  if (missing > 0) lines.push([span(`✘ ${formatCount(missing)} taken, in no booking`, "bad")]);
  if (missing < 0) lines.push([span(`✘ ${formatCount(-missing)} booked, never taken`, "bad")]);
  return lines;
}

function othersLine(others: readonly Product[]): Line {
  const left = others.reduce((sum, { availableStock }) => sum + availableStock, 0);
  return [
    span(`and ${formatCount(others.length)} more products, ${formatCount(left)} left`, "dim"),
  ];
}
