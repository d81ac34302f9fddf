/** One simulated stack: databases and a provider that survive, processes that come and go, wires. */
import type { IdSource } from "../../services/common/ids.ts";
import type { Log } from "../../services/common/log.ts";
import type { PaymentBooks } from "../../services/payment/payment-books.ts";
import type { SagaBooks } from "../../services/saga/saga-books.ts";
import { BooksWatch } from "./books-watch.ts";
import type { Defect } from "./defects.ts";
import { type Faults, fraction } from "./faults.ts";
import { Network } from "./network.ts";
import { PaymentModel } from "./payment-model.ts";
import { Process, paymentParts, queueParts, sagaParts, ticketParts } from "./processes.ts";
import { ProviderModel } from "./provider-model.ts";
import { RoomWatch } from "./room-watch.ts";
import { SagaModel } from "./saga-model.ts";
import { SimulatedDatabase } from "./tables.ts";
import { TicketModel } from "./ticket-model.ts";
import { Judge } from "./verdict.ts";
import { type Life, VirtualTime } from "./virtual-time.ts";

export const EVENT_ID = 7;

/** What a run is made of; drawn from its seed. */
export interface Setting {
  readonly clients: number;
  readonly permitsPerMinute: number;
  readonly pacing: "smooth" | "burst";
  readonly passTtlSeconds: number;
  readonly paymentDeadlineSeconds: number;
  readonly sagaRetrySeconds: number;
  readonly providerTimeoutMs: number;
  /** Virtual milliseconds: when the sale opens and closes, and when nothing goes wrong any more. */
  readonly opensMs: number;
  readonly closesMs: number;
  readonly calmMs: number;
  readonly stock: readonly number[];
  readonly maxPerUser: number;
}

export function settingOf(seed: number): Setting {
  const draw = (what: number) => fraction(seed, 300 + what, 0);
  const pick = <T>(what: number, from: readonly T[]): T =>
    from[Math.floor(draw(what) * from.length)]!;
  return {
    clients: 2 + Math.floor(draw(0) * 24),
    permitsPerMinute: pick(1, [8, 60, 240, 1_200, 1_200, 1_200]),
    pacing: pick(2, ["smooth", "burst"]),
    passTtlSeconds: pick(3, [20, 120, 300]),
    paymentDeadlineSeconds: pick(4, [3, 8, 8, 60]),
    sagaRetrySeconds: pick(5, [1, 3, 15]),
    providerTimeoutMs: pick(6, [500, 2_000, 10_000]),
    opensMs: pick(7, [0, 0, 3_000]),
    closesMs: pick(8, [15_000, 3_600_000, 3_600_000]),
    calmMs: 5_000 + Math.floor(draw(9) * 35_000),
    stock: [3 + Math.floor(draw(10) * 30), 1 + Math.floor(draw(11) * 12)],
    maxPerUser: pick(12, [1, 2, 4]),
  };
}

export class World {
  readonly seed: number;
  readonly eventId = EVENT_ID;
  readonly setting: Setting;
  readonly time = new VirtualTime();
  readonly faults: Faults;
  readonly judge: Judge;
  readonly network: Network;
  readonly ticket: TicketModel;
  readonly saga: SagaModel;
  readonly payment: PaymentModel;
  readonly provider: ProviderModel;
  readonly books: BooksWatch;
  readonly room: RoomWatch;
  readonly defect: Defect;
  readonly log: Log;
  readonly queue: Process;
  readonly tickets: readonly Process[];
  readonly all: readonly Process[];
  readonly #say: ((atMs: number, who: string, what: string) => void) | undefined;
  #ids = 0;

  constructor(
    seed: number,
    options: {
      readonly faults: Faults;
      readonly setting: Setting;
      readonly defect: Defect;
      readonly say?: ((atMs: number, who: string, what: string) => void) | undefined;
    },
  ) {
    const { faults, setting, defect, say } = options;
    const { time } = this;
    this.seed = seed;
    this.setting = setting;
    this.faults = faults;
    this.defect = defect;
    this.#say = say;
    this.judge = new Judge(time);
    this.log = quietLog(this.judge);
    this.network = new Network(seed, time, faults);
    this.ticket = new TicketModel(new SimulatedDatabase("ticket database", time, faults));
    this.saga = new SagaModel(new SimulatedDatabase("saga database", time, faults));
    this.payment = new PaymentModel(new SimulatedDatabase("payment database", time, faults));
    this.provider = new ProviderModel(time, faults);
    this.books = new BooksWatch(this, this.judge);
    if (say) faults.onStrike = ({ atMs, name, whom }) => say(atMs, "fault", `${name}, ${whom}`);
    this.#openShop();
    const { permitsPerMinute, opensMs, closesMs } = setting;
    const [opensAtMs, closesAtMs] = [time.epochMs + opensMs, time.epochMs + closesMs];
    this.room = new RoomWatch(time, { permitsPerMinute, opensAtMs, closesAtMs }, this.judge);
    this.room.boughtAtMs = (token) => this.books.boughtAtMs.get(token);
    this.queue = new Process(this, "queue", queueParts);
    this.tickets = ["ticket-1", "ticket-2"].map((name) => new Process(this, name, ticketParts));
    const others = ["saga-1", "saga-2"].map((name) => new Process(this, name, sagaParts));
    const payers = ["payment-1", "payment-2"].map((name) => new Process(this, name, paymentParts));
    this.all = [this.queue, ...this.tickets, ...others, ...payers];
    this.#watchTheWeather();
  }

  /** Numbers in the order in which they are asked for. */
  readonly ids: IdSource = () => {
    this.#ids += 1;
    return String(this.#ids);
  };

  get tracing(): boolean {
    return this.#say !== undefined;
  }

  say(who: string, what: () => string): void {
    this.#say?.(this.time.nowMs, who, what());
  }

  sagaBooks(life: Life): SagaBooks {
    const books = this.saga.books(life);
    return this.defect.sagaBooks?.(books, life, this) ?? books;
  }

  paymentBooks(life: Life): PaymentBooks {
    const books = this.payment.books(life);
    return this.defect.paymentBooks?.(books, life, this) ?? books;
  }

  #openShop(): void {
    const { stock, maxPerUser, opensMs, closesMs } = this.setting;
    for (const [at, totalStock] of stock.entries()) {
      const id = at + 1;
      this.ticket.products.put(id, {
        ...{ id, eventId: EVENT_ID, name: `product ${id}`, priceCents: 1_990 + 1_000 * id },
        ...{ totalStock, availableStock: totalStock, maxPerUser },
        opensAtMs: this.time.epochMs + opensMs,
        closesAtMs: this.time.epochMs + closesMs,
      });
    }
  }

  /** Processes die and are stopped between any two of their events. */
  #watchTheWeather(): void {
    const byLife = (life: Life) => this.all.find((one) => one.life === life);
    this.time.strikes = (life) => {
      const process = byLife(life);
      if (!process) return false;
      const { nowMs } = this.time;
      if (this.faults.strikes("crash", nowMs, life.name)) {
        process.crash();
        return true;
      }
      if (this.faults.strikes("stop", nowMs, life.name)) process.stop();
      return false;
    };
  }
}

/** Nobody reads a simulation's log; what is logged as a defect is one. */
function quietLog(judge: Judge): Log {
  const quiet = () => {};
  const error = (about: { readonly err?: unknown }, text: string) => {
    if (text.startsWith("payments: cannot resolve")) judge.broken("defect", `${about.err}`);
  };
  return { debug: quiet, info: quiet, warn: quiet, error } as unknown as Log;
}
