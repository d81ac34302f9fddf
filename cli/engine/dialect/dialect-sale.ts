/** A sale of another system: its products as they are, clients that sign up, books that clients see. */
import { setTimeout as sleep } from "node:timers/promises";
import type {
  Hidden,
  Ledger,
  LedgerReservation,
  ProductFacts,
  ShownStock,
  StockLine,
} from "../../judge/history.ts";
import { type AdminCall, AdminClient, TargetError } from "../admin-client.ts";
import { centsOf } from "../cents.ts";
import { readReservation } from "../ledger-rows.ts";
import type { ClientAccount } from "../plan.ts";
import type { PreparedSale } from "../target.ts";
import { type CallShape, type Dialect, fill, rowsOf, translate, type Words } from "./dialect.ts";

/** Sign-ups and readings under way at once: passwords are slow to hash, on purpose. */
const AT_ONCE = 16;
const SETTLE_PAUSE_MS = 1_000;
/** Where the target does not say how many one person may buy. */
const ANY_NUMBER = 1_000_000;
const PASSWORD = "Flash-sale-2026!";

/**
 * Reads what is on sale and signs the clients up. The stock of the run is what was available when
 * it began: what others hold already is none of its business.
 * @throws TargetError where the target does not answer as its dialect says
 */
export async function prepareDialectSale(
  dialect: Dialect,
  clients: number,
  prefix: string,
): Promise<PreparedSale> {
  const talk = new Talk(dialect);
  try {
    const products = (await readProducts(talk)).map(({ line, ...facts }) => {
      return { ...facts, totalStock: line.availableStock } satisfies ProductFacts;
    });
    const numbers = Array.from({ length: clients }, (_, index) => index);
    const accounts = await inLanes(numbers, (n) => signUp(talk, `${prefix}-${n}@example.com`));
    return { sale: { ...dialect.sale, products }, accounts };
  } finally {
    await talk.close();
  }
}

export interface ClientsBooks {
  readonly dialect: Dialect;
  readonly prepared: PreparedSale;
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/**
 * The books as the clients see them, once every reservation has ended or the time is up: the stock
 * that the target shows, and each client's own reservations. Payments and sagas are not in them:
 * a run with a dialect says that they are hidden ({@link Hidden}).
 */
export async function readClientsBooks(books: ClientsBooks): Promise<Ledger> {
  const { dialect, prepared, seconds, signal } = books;
  const talk = new Talk(dialect);
  const beganMs = performance.now();
  try {
    for (;;) {
      const rows = await inLanes(prepared.accounts, (account) => readMine(talk, account, prepared));
      const reservations = rows.flat();
      const settled = reservations.every(
        ({ status }) => status === "CONFIRMED" || status === "CANCELLED",
      );
      const waitedMs = performance.now() - beganMs;
      if (settled || signal.aborted || waitedMs >= seconds * 1_000) {
        const products = linesOf(prepared, await readProducts(talk), reservations);
        const settleSeconds = Math.round(waitedMs) / 1_000;
        const readAt = new Date().toISOString();
        const hidden = { payments: [], provider: [], sagas: [] };
        return { readAt, settled, settleSeconds, products, reservations, ...hidden };
      }
      await sleep(SETTLE_PAUSE_MS);
    }
  } finally {
    await talk.close();
  }
}

/** Between two looks: the target is under load, and this is no part of it. */
const LOOK_MS = 2_000;

/**
 * Tells, look by look until the signal, what the target shows of the sale's stock. A look that the
 * target does not answer tells nothing.
 */
export async function watchShownStock(
  dialect: Dialect,
  { sale }: PreparedSale,
  tell: (products: ShownStock["products"]) => void,
  until: AbortSignal,
): Promise<void> {
  const talk = new Talk(dialect);
  const over = new Promise<undefined>((resolve) => {
    until.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  try {
    while (!until.aborted) {
      const seen = await Promise.race([readProducts(talk).catch(orNothing), over]);
      const own = seen?.filter(({ id }) => sale.products.some((one) => one.id === id));
      if (own) tell(own.map(({ id, line }) => ({ id, availableStock: line.availableStock })));
      await sleep(LOOK_MS, undefined, { signal: until }).catch(() => undefined);
    }
  } finally {
    await talk.close();
  }
}

function orNothing(error: unknown): undefined {
  if (!(error instanceof TargetError)) throw error;
}

/** Calls in the dialect's words, each service over its own connections. */
class Talk {
  readonly dialect: Dialect;
  readonly #clients: Readonly<Record<CallShape["service"], AdminClient>>;

  constructor(dialect: Dialect) {
    const { account, queue, ticket } = dialect.urls;
    this.dialect = dialect;
    this.#clients = {
      account: new AdminClient(account, undefined),
      queue: new AdminClient(queue, undefined),
      ticket: new AdminClient(ticket, undefined),
    };
  }

  async ask(call: CallShape, words: Words): Promise<{ body: unknown; refuse: Refuse }> {
    const client = this.#clients[call.service];
    const filled = fill(call, { eventId: this.dialect.sale.eventId, ...words });
    if (filled === undefined) {
      throw new TargetError("refused", `${call.path} asks for a word that nobody has here`);
    }
    const asked: AdminCall = filled;
    const reply = await client.try(asked);
    if (reply.outcome !== "ok") throw client.errorOf(asked, reply);
    const refuse: Refuse = (why) => {
      throw client.refusal(asked, why);
    };
    return { body: reply.body, refuse };
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.#clients).map((client) => client.close()));
  }
}

type Refuse = (why: string) => never;

async function signUp(talk: Talk, email: string): Promise<ClientAccount> {
  const { signup, login } = talk.dialect.calls;
  const words = { email, password: PASSWORD, name: email.split("@")[0]! };
  const made = accountOf(talk.dialect, signup, (await talk.ask(signup, words)).body);
  if (made !== undefined) return made;
  const { body, refuse } = await talk.ask(login, words);
  return accountOf(talk.dialect, login, body) ?? refuse("its answer has no user id and token");
}

function accountOf(dialect: Dialect, call: CallShape, body: unknown): ClientAccount | undefined {
  const { userId, accessToken } = translate(dialect, call, body);
  const id = typeof userId === "string" && /^\d{1,15}$/.test(userId) ? Number(userId) : userId;
  if (typeof id !== "number" || typeof accessToken !== "string") return undefined;
  return { userId: id, accessToken };
}

type Seen = Omit<ProductFacts, "totalStock"> & {
  readonly line: { readonly availableStock: number };
};

async function readProducts(talk: Talk): Promise<Seen[]> {
  const { products: call } = talk.dialect.calls;
  const { eventId } = talk.dialect.sale;
  const { body, refuse } = await talk.ask(call, {});
  const rows = rowsOf(call, body) ?? refuse("its answer holds no list of products");
  const seen: Seen[] = [];
  for (const row of rows) {
    const product = translate(talk.dialect, call, row);
    if (product.eventId !== undefined && product.eventId !== eventId) continue;
    seen.push(productOf(product) ?? refuse("a product is not as the target file says"));
  }
  return seen.length > 0 ? seen : refuse(`it has no product of event ${eventId}`);
}

function productOf(row: Readonly<Record<string, unknown>>): Seen | undefined {
  const { id, name, availableStock, maxPerUser } = row;
  const priceCents = centsOf(row.price);
  // Fewer than none is wrong of the target, and for a judge to say.
  if (!isCount(id) || !Number.isSafeInteger(availableStock) || priceCents === undefined)
    return undefined;
  const most = isCount(maxPerUser) ? maxPerUser : ANY_NUMBER;
  const called = typeof name === "string" ? name : `product ${id}`;
  return {
    id,
    name: called,
    priceCents,
    maxPerUser: most,
    line: { availableStock: Number(availableStock) },
  };
}

async function readMine(
  talk: Talk,
  { userId, accessToken: token }: ClientAccount,
  { sale }: PreparedSale,
): Promise<LedgerReservation[]> {
  const { mine } = talk.dialect.calls;
  const { body, refuse } = await talk.ask(mine, { userId, token });
  const rows = rowsOf(mine, body) ?? refuse("its answer holds no list of reservations");
  return rows.map((row) => {
    const said = translate(talk.dialect, mine, row);
    const price = sale.products.find(({ id }) => id === said.productId)?.priceCents ?? 0;
    // What a target leaves out and no judge of a run with a dialect reads.
    const unseen = { sagaId: "", createdAt: "", totalPrice: (price * Number(said.quantity)) / 100 };
    const told = Object.entries(said).filter(([, value]) => value !== undefined && value !== null);
    const whole = { ...unseen, ...Object.fromEntries(told), userId };
    return readReservation(whole) ?? refuse("a reservation is not as the target file says");
  });
}

function linesOf(
  { sale }: PreparedSale,
  seen: readonly Seen[],
  reservations: readonly LedgerReservation[],
): StockLine[] {
  const held = new Map<number, number>();
  for (const { productId, quantity, status } of reservations) {
    if (status !== "CANCELLED") held.set(productId, (held.get(productId) ?? 0) + quantity);
  }
  return sale.products.flatMap(({ id, totalStock }) => {
    const now = seen.find((one) => one.id === id);
    if (now === undefined) return [];
    const { availableStock } = now.line;
    return [{ id, totalStock, availableStock, held: held.get(id) ?? 0 }];
  });
}

/** All of them, a few at a time, in their order. */
async function inLanes<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = new Array(items.length);
  let next = 0;
  const lane = async () => {
    for (let at = next++; at < items.length; at = next++) results[at] = await work(items[at]!);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, lane));
  return results;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
