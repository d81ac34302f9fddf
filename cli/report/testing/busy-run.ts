/** A made-up run with everything that a report shows: a line, a sale, refusals, an oversold seat. */
import type { History, Ledger } from "../../judge/history.ts";
import { BooksBuilder, RunBuilder } from "../../judge/testing.ts";

export interface BusyRun {
  readonly history: History;
  readonly ledger: Ledger;
}

export interface BusyPlan {
  readonly clients: number;
  readonly stock: number;
  readonly permitsPerMinute: number;
  /** Shown in places where a report shows text of others. */
  readonly productName?: string;
  /** Sells so many seats more than there are, and lets one pass open the gate twice. */
  readonly oversold?: number;
}

/** Answers take from 2 to some 40 ms, always the same for the same client and step. */
const took = (client: number, step: number): number =>
  2 + ((client * 7919 + step * 104_729) % 389) / 10;

export function busyRun(plan: BusyPlan): BusyRun {
  const { clients, stock, permitsPerMinute, productName = "Standing", oversold = 0 } = plan;
  const products = [
    { id: 1, name: productName, priceCents: 4950, totalStock: stock, maxPerUser: 4 },
  ];
  const run = new RunBuilder({ permitsPerMinute, products });
  const books = new BooksBuilder(run.sale);
  const steps: { readonly atMs: number; readonly act: () => void }[] = [];
  const at = (atMs: number, act: () => void) => steps.push({ atMs, act });
  const sales: number[] = [];
  for (let client = 0; client < clients; client += 1) {
    const arrivesMs = (client * 10_000) / clients;
    const admittedMs = 500 + arrivesMs / 10 + (client * 60_000) / permitsPerMinute;
    at(arrivesMs, () => run.join(client, arrivesMs, { tookMs: took(client, 0) }));
    for (let pollMs = arrivesMs + 3_000; pollMs < admittedMs; pollMs += 5_000) {
      const late = client % 97 === 0;
      const told = late ? ({ outcome: "unknown", code: "TIMEOUT", tookMs: 10_000 } as const) : {};
      at(pollMs, () => run.poll(client, pollMs, { tookMs: took(client, pollMs), ...told }));
    }
    const seenMs = Math.max(admittedMs + 40, arrivesMs + 100);
    at(seenMs, () => run.pass(client, seenMs, `pass_${client}`, admittedMs));
    buy(client, seenMs + 300 + (client % 11) * 90);
  }

  function buy(client: number, atMs: number): void {
    const buys = client % 13 !== 0;
    const pass = `pass_${client}`;
    if (!buys) return void at(atMs, () => run.leave(client, atMs));
    const id = sales.length + 1;
    if (id > stock + oversold) {
      const told = { outcome: "fail", status: 409, code: "OUT_OF_STOCK", pass } as const;
      return void at(atMs, () => run.reserve(client, atMs, { ...told, tookMs: took(client, 1) }));
    }
    sales.push(atMs);
    const declined = client % 17 === 0;
    const reservationStatus = declined ? ("CANCELLED" as const) : ("CONFIRMED" as const);
    books.book(id, declined ? { status: "CANCELLED" } : {});
    const told = { pass, reservationId: id, sagaId: `saga-${id}`, tookMs: took(client, 2) };
    at(atMs, () => run.reserve(client, atMs, told));
    const pending = { reservationStatus: "PENDING" as const };
    at(atMs + 500, () => run.follow(client, atMs + 500, id, pending));
    at(atMs + 1_500, () => run.follow(client, atMs + 1_500, id, { reservationStatus }));
  }

  if (oversold > 0) {
    const again = { pass: "pass_2", key: "key-2-again", reservationId: sales.length + 1 };
    sales.push(20_000);
    books.book(again.reservationId);
    at(20_000, () => run.reserve(2, 20_000, again));
  }
  const endMs = steps.reduce((latest, step) => Math.max(latest, step.atMs), 0);
  for (let atMs = 0; atMs <= endMs; atMs += 1_000) {
    const sold = sales.filter((saleMs) => saleMs <= atMs).length;
    at(atMs, () => run.stock(atMs, stock - sold, sold));
  }
  at(endMs / 3, () => run.note(endMs / 3, "the ticket service was killed"));
  for (const { act } of steps.sort((a, b) => a.atMs - b.atMs)) act();
  return { history: run.history(), ledger: books.ledger() };
}
