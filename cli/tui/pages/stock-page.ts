/** The stock in full: of each product what is left, what is reserved and what is confirmed. */
import type { Snapshot } from "../../engine/snapshot.ts";
import { clean, padLeft, padRight } from "../cells.ts";
import { barCells } from "../charts.ts";
import { type Line, span } from "../line.ts";
import { fitCount, NOT_KNOWN } from "../number-format.ts";
import { widest } from "../panels/panel.ts";
import { alarmLines } from "../panels/stock.ts";
import { section } from "./page.ts";

type Product = Snapshot["stock"][number];

const HEADINGS = ["left", "reserved", "confirmed", "of"] as const;
const SHORT_HEADINGS = ["left", "resv.", "conf.", "of"] as const;
const NUMBER_CELLS = 9;
const NARROW_CELLS = 5;
const LEAST_BAR = 6;

export function stockPage({ stock }: Snapshot, width: number, room: number): readonly Line[] {
  if (stock.length === 0) return section("STOCK", "", [[span("not known yet", "dim")]], width);
  // A title, the headings, a total and alarms: what is left of the room is for products.
  const alarms = alarmsOf(stock, Math.max(1, Math.floor(room / 3)));
  const most = Math.max(1, room - 3 - alarms.length);
  const shown = stock.length > most ? stock.slice(0, Math.max(0, most - 1)) : stock;
  const columns = columnsFor(width, stock);
  const lines: Line[] = [headings(columns)];
  for (const product of shown) lines.push(productLine(product, clean(product.name), columns));
  const others = stock.slice(shown.length);
  if (others.length > 0) {
    lines.push(productLine(sumOf(others), `and ${others.length} more`, columns));
  }
  if (stock.length > 1) lines.push(productLine(sumOf(stock), "all", columns));
  return section("STOCK", "█ confirmed ▓ reserved ░ left", [...alarms, ...lines], width);
}

/** Whose figures do not add up; at most so many lines. */
function alarmsOf(stock: readonly Product[], most: number): readonly Line[] {
  const all = stock.flatMap((product) =>
    alarmLines(product).map((line): Line => [...line, span(`: ${clean(product.name)}`)]),
  );
  if (all.length <= most) return all;
  const others = all.length - most + 1;
  return [...all.slice(0, most - 1), [span(`✘ ${others} more do not add up`, "bad")]];
}

interface Columns {
  readonly name: number;
  readonly number: number;
  readonly bar: number;
}

/** Numbers in full where the width allows, else short; a bar where any is left. */
function columnsFor(width: number, stock: readonly Product[]): Columns {
  const names = Math.max(12, widest(stock.map(({ name }) => clean(name))));
  const number = width >= 64 ? NUMBER_CELLS : NARROW_CELLS;
  const left = width - HEADINGS.length * (number + 1);
  const name = Math.max(4, Math.min(names, left < 24 ? left : Math.floor(left / 2)));
  const bar = left - name - 1;
  return { name, number, bar: bar >= LEAST_BAR ? bar : 0 };
}

function headings({ name, number, bar }: Columns): Line {
  const words = number < NUMBER_CELLS ? SHORT_HEADINGS : HEADINGS;
  const cells = words.map((heading) => ` ${padLeft(heading, number)}`).join("");
  return [span(" ".repeat(name + (bar > 0 ? bar + 1 : 0)) + cells, "dim")];
}

function productLine(product: Product, label: string, columns: Columns): Line {
  const { totalStock, availableStock, held, pending } = product;
  const confirmed = pending === undefined ? undefined : held - pending;
  const share = (count: number) => (totalStock > 0 ? count / totalStock : 0);
  const sold = barCells(share(confirmed ?? held), columns.bar).filled;
  const taken = Math.max(sold, barCells(share(held), columns.bar).filled);
  const numbers = [availableStock, pending, confirmed, totalStock].map((count) => {
    const text = count === undefined ? NOT_KNOWN : fitCount(count, columns.number);
    return ` ${padLeft(text, columns.number)}`;
  });
  return [
    span(padRight(label, columns.name)),
    ...(columns.bar === 0
      ? []
      : [
          span(" "),
          span("█".repeat(sold), "good"),
          span("▓".repeat(taken - sold), "accent"),
          span("░".repeat(columns.bar - taken), "dim"),
        ]),
    span(numbers[0] ?? "", availableStock > 0 ? "strong" : "plain"),
    span(numbers.slice(1).join("")),
  ];
}

function sumOf(products: readonly Product[]): Product {
  const sum = (of: (product: Product) => number) => products.reduce((n, one) => n + of(one), 0);
  const known = products.every(({ pending }) => pending !== undefined);
  return {
    id: 0,
    name: "",
    totalStock: sum((one) => one.totalStock),
    availableStock: sum((one) => one.availableStock),
    held: sum((one) => one.held),
    pending: known ? sum((one) => one.pending ?? 0) : undefined,
  };
}
