/** Reservations a second of one product that everybody wants: the actor, and a plain transaction each. */
import { withClient } from "../../services/common/database.ts";
import { type ReserveRequest, reserve } from "../../services/ticket/reservation-store.ts";
import { StockActors } from "../../services/ticket/stock-actors.ts";
import type { BenchContext, Benchmark, Result } from "./benchmark.ts";
import { measure, resultOf } from "./benchmark.ts";
import type { Block } from "./ratio.ts";
import { requestFor, type Shop, type ShopStage, soldOf, startShopStage } from "./shop-stage.ts";

const CALLERS = 64;

export const hotProduct: Benchmark = {
  name: "hot-product",
  about: "reservations/s of one product, 64 callers, with a plain transaction for each",
  run: runHotProduct,
};

type Sell = (request: ReserveRequest) => Promise<void>;

async function runHotProduct(context: BenchContext): Promise<readonly Result[]> {
  const stage = await startShopStage(context);
  const { seconds } = context;
  const blocks = await measure(context, {
    actor: async () => block(stage, await stage.openShop(), CALLERS, seconds, byActor(stage)),
    naive: async () => naiveBlock(stage, await stage.openShop(), seconds),
    actorAlone: async () => block(stage, await stage.openShop(), 1, seconds, byActor(stage)),
    single: async () => block(stage, await stage.openShop(), 1, seconds, bySingle(stage)),
  });
  const settings = {
    ...stage.settings,
    blocks: `${context.pairs} pairs of ${seconds} s in turns, one more dropped as warm-up`,
    callers: `${CALLERS}, each with a new buyer, key and pass for each request`,
    counted: "reservations found in the table afterwards",
  };
  const actor = "one actor, reserve_batch: stock, limit, key, pass, reservation, message";
  const naive = "BEGIN, look for key and pass, sum of the limit, UPDATE, two INSERTs, COMMIT";
  const millis = (note: string, of: readonly Block[]): Block[] =>
    of.map(({ notes }) => ({ value: notes![note]! }));
  return [
    resultOf(
      {
        name: "hot-product",
        unit: "reservations/s",
        goal: { atLeast: 30 },
        sides: { a: actor, b: naive },
        settings,
      },
      { a: blocks.actor, b: blocks.naive },
    ),
    resultOf(
      {
        name: "hot-product-p99",
        unit: "ms",
        goal: { atMost: 0.1 },
        sides: { a: actor, b: naive },
        settings,
      },
      { a: millis("p99Ms", blocks.actor), b: millis("p99Ms", blocks.naive) },
    ),
    resultOf(
      {
        name: "hot-product-alone",
        unit: "ms, p50",
        goal: { atMost: 1.15 },
        sides: { a: "one caller, through the actor", b: "one caller, one call of reserve()" },
        settings,
      },
      { a: millis("p50Ms", blocks.actorAlone), b: millis("p50Ms", blocks.single) },
    ),
  ];
}

function byActor({ database }: ShopStage): Sell {
  const actors = new StockActors({ decide: (requests) => reserve(database, requests) });
  return async (request) => mustBeReserved((await actors.ask(request)).verdict);
}

function bySingle({ database }: ShopStage): Sell {
  return async (request) => mustBeReserved((await reserve(database, [request]))[0]!.verdict);
}

function mustBeReserved(verdict: string): void {
  if (verdict !== "RESERVED") throw new Error(`not reserved: ${verdict}`);
}

async function block(
  stage: ShopStage,
  shop: Shop,
  callers: number,
  seconds: number,
  sell: Sell,
): Promise<Block> {
  const latencies: number[] = [];
  const began = performance.now();
  const call = async () => {
    for (let at = began; at - began < seconds * 1_000; at = performance.now()) {
      await sell(requestFor(shop));
      latencies.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  const tookSeconds = (performance.now() - began) / 1_000;
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.floor(latencies.length * share)]!;
  const sold = await soldOf(stage, shop);
  return { value: sold / tookSeconds, notes: { p50Ms: at(0.5), p99Ms: at(0.99) } };
}

/** Each caller has a connection of its own, as a pool of that size would give it. */
async function naiveBlock(stage: ShopStage, shop: Shop, seconds: number): Promise<Block> {
  const free: Sell[] = [];
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  const connections = Array.from({ length: CALLERS }, () =>
    withClient(stage.url, async (client) => {
      free.push((request) => sellNaively((text, values) => client.query(text, values), request));
      await over;
    }),
  );
  while (free.length < CALLERS) await new Promise((resolve) => setTimeout(resolve, 10));
  try {
    return await block(stage, shop, CALLERS, seconds, async (request) => {
      const sell = free.pop()!;
      await sell(request);
      free.push(sell);
    });
  } finally {
    end();
    await Promise.all(connections);
  }
}

type Query = (text: string, values?: unknown[]) => Promise<{ rows: Record<string, unknown>[] }>;

/** The same work, statement by statement, as one would write it first. */
async function sellNaively(query: Query, r: ReserveRequest): Promise<void> {
  await query("begin");
  const before = await query(
    "select 1 from reservation where (user_id = $1 and idempotency_key = $2) or pass_token = $3",
    [r.userId, r.idempotencyKey, r.passToken],
  );
  const product = await query(
    `update product set available_stock = available_stock - $2
    where id = $1 and available_stock >= $2 returning price, max_per_user`,
    [r.productId, r.quantity],
  );
  const held = await query(
    `select coalesce(sum(quantity), 0)::integer as held from reservation
    where product_id = $1 and user_id = $2 and status <> 'CANCELLED'`,
    [r.productId, r.userId],
  );
  const { price, max_per_user } = product.rows[0] as { price: string; max_per_user: number };
  if (before.rows.length > 0 || Number(held.rows[0]!.held) + r.quantity > max_per_user) {
    throw new Error("a new buyer was refused");
  }
  const made = await query(
    `insert into reservation
      (saga_id, user_id, product_id, quantity, total_price, pass_token, idempotency_key)
    values ($1, $2, $3, $4::integer, $5::numeric * $4::integer, $6, $7) returning id`,
    [r.sagaId, r.userId, r.productId, r.quantity, price, r.passToken, r.idempotencyKey],
  );
  const body = {
    messageId: r.messageId,
    sagaId: r.sagaId,
    data: { reservationId: made.rows[0]!.id },
  };
  await query(
    "insert into outbox (message_id, saga_id, type, body) values ($1, $2, 'ReservationCreated', $3)",
    [r.messageId, r.sagaId, JSON.stringify(body)],
  );
  await query("commit");
}
