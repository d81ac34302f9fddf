/** Reads the stock from the ticket service's books while the sale goes on. */
import { isRecord } from "./client/answer.ts";
import type { EngineClock } from "./clock.ts";
import type { StockReading } from "./display-board.ts";
import { HttpDriver, type Reply, type WireJob } from "./http/http-driver.ts";
import { stockPath } from "./ledger.ts";
import { readRows, readStock } from "./ledger-rows.ts";

export interface StockWatchListener {
  read(products: readonly StockReading[], nowMs: number): void;
  /** The first of a row of readings that failed; `code` says why. */
  blind(code: string, nowMs: number): void;
}

export class StockWatch {
  readonly #driver: HttpDriver<WireJob>;
  readonly #job: WireJob;
  readonly #listener: StockWatchListener;
  #busy = false;
  #blind = false;

  /** Has a connection of its own, so that the crowd's requests do not hold up the readings. */
  constructor(
    ticketUrl: string,
    adminToken: string,
    eventId: number,
    clock: EngineClock,
    listener: StockWatchListener,
  ) {
    const headers = ["authorization", `Bearer ${adminToken}`];
    this.#job = { request: { method: "GET", path: stockPath(eventId), headers } };
    this.#listener = listener;
    this.#driver = new HttpDriver<WireJob>(
      { baseUrl: ticketUrl, connections: 1, requestTimeoutMs: 5_000, now: () => clock.now() },
      { started: () => undefined, ended: (_job, reply) => this.#heard(reply) },
    );
  }

  /** Reads once, unless a reading is still on its way. */
  look(): void {
    if (this.#busy) return;
    this.#busy = true;
    this.#driver.send(this.#job);
  }

  async close(): Promise<void> {
    await this.#driver.close();
  }

  #heard(reply: Reply): void {
    this.#busy = false;
    const { body } = reply;
    const answered = reply.outcome === "ok" && isRecord(body);
    const products = answered ? readRows(body.stock, readStock) : undefined;
    if (products !== undefined) {
      this.#blind = false;
      this.#listener.read(products, reply.endedMs);
    } else if (!this.#blind) {
      this.#blind = true;
      this.#listener.blind(reply.code ?? "UNREADABLE", reply.endedMs);
    }
  }
}
