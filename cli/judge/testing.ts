/** Builds small recorded runs for tests: a sale of two products, clients, and the books. */
import type {
  FollowOp,
  History,
  JoinOp,
  LeaveOp,
  Ledger,
  LedgerPayment,
  LedgerReservation,
  LedgerSaga,
  Note,
  Op,
  Outcome,
  PaymentStatus,
  PollOp,
  ProbeOp,
  ProviderEntry,
  ReservationStatus,
  ReserveOp,
  RunEnd,
  RunSettings,
  SaleFacts,
  StockLine,
  StockSample,
} from "./history.ts";
import { HISTORY_VERSION } from "./history.ts";

/** The queue's clock at the start of a built run: far from any tester's clock on purpose. */
export const QUEUE_EPOCH_MS = Date.UTC(2031, 4, 1, 12, 0, 0);

/** Which answers an operation got; `tookMs` is 10 unless told. */
interface Answer {
  readonly tookMs?: number;
  readonly outcome?: Outcome;
  readonly status?: number;
  readonly code?: string;
}

/** Strips what the builder adds itself. */
type Told<T> = Answer &
  Partial<
    Omit<T, "kind" | "op" | "id" | "client" | "intendedMs" | "invokedMs" | "endedMs" | "outcome">
  >;

const HEALTHY: RunEnd["tester"] = {
  sendLagMs: { p50: 0.2, p99: 1.5, max: 4 },
  eventLoopLagMs: { p99: 2, max: 6 },
  droppedArrivals: 0,
};

/** Call its methods in the order of invocation: operations are numbered as they come. */
export class RunBuilder {
  readonly sale: SaleFacts;
  readonly #settings: Partial<RunSettings>;
  readonly #ops: Op[] = [];
  readonly #stock: StockSample[] = [];
  readonly #notes: Note[] = [];

  constructor(sale: Partial<SaleFacts> = {}, settings: Partial<RunSettings> = {}) {
    this.#settings = settings;
    this.sale = {
      eventId: 1,
      permitsPerMinute: 100,
      pacing: "smooth",
      passTtlSeconds: 300,
      products: [{ id: 1, name: "Standing", priceCents: 5000, totalStock: 10, maxPerUser: 4 }],
      ...sale,
    };
  }

  join(client: number, atMs: number, told: Told<JoinOp> = {}): JoinOp {
    return this.#add({ op: "join", ...this.#base(client, atMs, told), pollAfterSeconds: 5 }, told);
  }

  /** A poll that is told to wait, unless `told` gives a pass. */
  poll(client: number, atMs: number, told: Told<PollOp> = {}): PollOp {
    return this.#add({ op: "poll", ...this.#base(client, atMs, told), pollAfterSeconds: 5 }, told);
  }

  /** A poll that shows a pass issued `admittedMs` after the queue's epoch. */
  pass(client: number, atMs: number, pass: string, admittedMs: number): PollOp {
    const endsMs = QUEUE_EPOCH_MS + admittedMs + this.sale.passTtlSeconds * 1000;
    return this.poll(client, atMs, { pass, passExpiresAt: new Date(endsMs).toISOString() });
  }

  leave(client: number, atMs: number, told: Answer = {}): LeaveOp {
    return this.#add({ op: "leave", ...this.#base(client, atMs, told) }, told);
  }

  /** A purchase of one seat of product 1 with the key `key-CLIENT`, unless told otherwise. */
  reserve(client: number, atMs: number, told: Told<ReserveOp> = {}): ReserveOp {
    const purchase = { key: `key-${client}`, productId: 1, quantity: 1 };
    return this.#add({ op: "reserve", ...this.#base(client, atMs, told), ...purchase }, told);
  }

  follow(
    client: number,
    atMs: number,
    reservationId: number,
    told: Told<FollowOp> & { readonly op?: "follow" | "cancel" } = {},
  ): FollowOp {
    const op = told.op ?? "follow";
    return this.#add({ op, ...this.#base(client, atMs, told), reservationId }, told);
  }

  /** A probe that must be refused, and was, unless told otherwise. */
  probe(
    promise: ProbeOp["promise"],
    tried: string,
    atMs: number,
    told: Told<ProbeOp> = {},
  ): ProbeOp {
    const refused = told.expected !== "served" && told.outcome === undefined;
    const no = { outcome: "fail", status: 400, code: "VALIDATION_FAILED" } as const;
    const answer = refused ? { ...no, ...told } : told;
    const base = this.#base(99, atMs, answer);
    return this.#add({ op: "probe", ...base, promise, tried, expected: "refused" }, answer);
  }

  /** Probes of both promises, as a sound shop answers them. */
  probes(atMs: number): void {
    for (const promise of ["input", "access"] as const) {
      this.probe(promise, "an honest request", atMs, { expected: "served", status: 200 });
      this.probe(promise, "a request that must be refused", atMs + 20);
    }
  }

  stock(atMs: number, availableStock: number, held: number, id = 1): void {
    const { totalStock } = this.sale.products.find((one) => one.id === id) ?? { totalStock: 0 };
    const products = [{ id, totalStock, availableStock, held }];
    this.#stock.push({ kind: "stock", atMs, products });
  }

  note(atMs: number, text: string): void {
    this.#notes.push({ kind: "note", atMs, text });
  }

  /** The run, ended well; operations in the order in which they ended. */
  history(end: Partial<RunEnd["tester"]> = {}): History {
    const cutOff = this.cutOff();
    const lastMs = cutOff.ops.at(-1)?.endedMs ?? 0;
    const tester = { ...HEALTHY, ...end };
    return { ...cutOff, end: { kind: "end", atMs: lastMs + 1, reason: "everyone-done", tester } };
  }

  /** The run as a crash of the tester leaves it: without its last line. */
  cutOff(): History {
    const ops = this.#ops.toSorted((a, b) => a.endedMs - b.endedMs || a.id - b.id);
    const clients = new Set(ops.map((op) => op.client)).size;
    return {
      run: {
        kind: "run",
        version: HISTORY_VERSION,
        runId: "run-1",
        startedAt: "2026-01-02T03:04:05.000Z",
        seed: 7,
        settings: {
          clients,
          arrivals: "burst",
          arrivalSeconds: 1,
          quantity: 1,
          absentPercent: 0,
          attackersPercent: 0,
          paymentFailurePercent: 0,
          target: { queue: "http://127.0.0.1:8083" },
          ...this.#settings,
        },
        sale: this.sale,
      },
      ops,
      stock: this.#stock,
      notes: this.#notes,
    };
  }

  #base(client: number, atMs: number, told: Answer) {
    return {
      kind: "op" as const,
      id: this.#ops.length + 1,
      client,
      intendedMs: atMs,
      invokedMs: atMs,
      endedMs: atMs + (told.tookMs ?? 10),
      outcome: told.outcome ?? ("ok" as const),
    };
  }

  #add<T extends Op>(op: T, told: Answer): T {
    const { tookMs: _, ...fields } = told;
    const answered = op.outcome === "ok" ? op : withoutAdvice(op);
    const added = { ...answered, ...fields };
    this.#ops.push(added);
    return added;
  }
}

function withoutAdvice<T extends Op>(op: T): T {
  const { pollAfterSeconds: _, ...rest } = op as T & { pollAfterSeconds?: number };
  return rest as unknown as T;
}

/** A reservation and the money that moved for it; whatever is left out fits the status. */
interface Booking {
  readonly status?: ReservationStatus;
  readonly quantity?: number;
  readonly productId?: number;
  readonly totalPriceCents?: number;
  /** `none` leaves the saga out. */
  readonly saga?: string;
  readonly charges?: readonly number[];
  readonly refunds?: readonly number[];
  readonly payments?: readonly PaymentStatus[];
}

/** The books that honest services would show, and each way to spoil them. */
export class BooksBuilder {
  readonly #sale: SaleFacts;
  readonly #reservations: LedgerReservation[] = [];
  readonly #payments: LedgerPayment[] = [];
  readonly #provider: ProviderEntry[] = [];
  readonly #sagas: LedgerSaga[] = [];

  constructor(sale: SaleFacts) {
    this.#sale = sale;
  }

  book(id: number, booking: Booking = {}): this {
    const status = booking.status ?? "CONFIRMED";
    const sagaId = `saga-${id}`;
    const productId = booking.productId ?? 1;
    const quantity = booking.quantity ?? 1;
    const price = this.#sale.products.find((one) => one.id === productId)?.priceCents ?? 0;
    const totalPriceCents = booking.totalPriceCents ?? price * quantity;
    const createdAt = "2031-05-01T12:00:01.000Z";
    const userId = 1000 + id;
    this.#reservations.push({
      id,
      sagaId,
      userId,
      productId,
      quantity,
      totalPriceCents,
      status,
      createdAt,
    });
    const state = booking.saga ?? restingState(status);
    if (state !== "none") this.#sagas.push({ sagaId, reservationId: id, state });
    const confirmed = status === "CONFIRMED";
    for (const cents of booking.charges ?? (confirmed ? [totalPriceCents] : [])) {
      this.charge(sagaId, cents);
    }
    for (const amountCents of booking.refunds ?? []) {
      this.#provider.push({ type: "refund", sagaId, amountCents, at: createdAt });
    }
    const payments = booking.payments ?? (confirmed ? (["COMPLETED"] as const) : []);
    payments.forEach((state, index) => {
      const id = `${sagaId}-payment-${index + 1}`;
      const reservationId = this.#reservations.at(-1)?.id ?? 0;
      const amountCents = totalPriceCents;
      this.#payments.push({ id, sagaId, reservationId, amountCents, status: state });
    });
    return this;
  }

  /** Money at the provider, for a saga that may not exist. */
  charge(sagaId: string, amountCents: number): this {
    this.#provider.push({ type: "charge", sagaId, amountCents, at: "2031-05-01T12:00:02.000Z" });
    return this;
  }

  /** The books; stock lines fit the live reservations unless given. */
  ledger(told: Partial<Ledger> = {}): Ledger {
    return {
      readAt: "2026-01-02T03:09:05.000Z",
      settled: true,
      settleSeconds: 2,
      products: this.#sale.products.map((one) => this.#line(one.id, one.totalStock)),
      reservations: this.#reservations,
      payments: this.#payments,
      provider: this.#provider,
      sagas: this.#sagas,
      ...told,
    };
  }

  #line(id: number, totalStock: number): StockLine {
    let held = 0;
    for (const one of this.#reservations) {
      if (one.productId === id && one.status !== "CANCELLED") held += one.quantity;
    }
    return { id, totalStock, availableStock: totalStock - held, held };
  }
}

function restingState(status: ReservationStatus): string {
  if (status === "CONFIRMED") return "COMPLETED";
  return status === "CANCELLED" ? "COMPENSATED" : "CHARGING";
}
