/** Holds that ran out: how fast one sweep gives them back, and what sales notice of it. */
import { systemClock } from "../../services/common/clock.ts";
import { withClient } from "../../services/common/database.ts";
import { uuid } from "../../services/common/ids.ts";
import { createLog } from "../../services/common/log.ts";
import { HoldExpiry } from "../../services/ticket/hold-expiry.ts";
import { changeBooks } from "../../services/ticket/reservation-books.ts";
import { cancelForBuyer } from "../../services/ticket/reservation-changes.ts";
import { reserve } from "../../services/ticket/reservation-store.ts";
import { StockActors } from "../../services/ticket/stock-actors.ts";
import type { BenchContext, Benchmark, Result } from "./benchmark.ts";
import { measure, resultOf } from "./benchmark.ts";
import type { Block } from "./ratio.ts";
import { requestFor, type Shop, type ShopStage, startShopStage } from "./shop-stage.ts";

const HOLDS = 50_000;
const HOLD_SECONDS = 300;
const CALLERS = 64;

export const holds: Benchmark = {
  name: "holds",
  about: "holds/s given back by one sweep of 50,000, and reservations/s of their product meanwhile",
  run: runHolds,
};

async function runHolds(context: BenchContext): Promise<readonly Result[]> {
  const stage = await startShopStage(context);
  const { seconds } = context;
  const blocks = await measure(context, {
    swept: () => sweepBlock(stage),
    oneByOne: () => oneByOneBlock(stage, seconds),
    soldMeanwhile: () => sellBlock(stage, (shop) => sweep(stage, shop)),
    soldAlone: () => sellBlock(stage, () => pause(seconds)),
  });
  const settings = {
    ...stage.settings,
    blocks: `${context.pairs} pairs in turns, one more dropped`,
  };
  return [
    resultOf(
      {
        name: "holds",
        unit: "holds/s",
        goal: { atLeast: 12 },
        sides: {
          a: `one sweep of ${HOLDS} holds of one product`,
          b: `a transaction each, ${CALLERS} callers, for ${seconds} s`,
        },
        settings,
      },
      { a: blocks.swept, b: blocks.oneByOne },
    ),
    resultOf(
      {
        name: "holds-selling",
        unit: "reservations/s",
        goal: { atLeast: 0.8 },
        sides: {
          a: `${CALLERS} callers of the product of which ${HOLDS} holds are being given back`,
          b: "the same, nothing given back",
        },
        settings,
      },
      { a: blocks.soldMeanwhile, b: blocks.soldAlone },
    ),
  ];
}

/** Gives all back that ran out, and checks that it did. */
async function sweep({ database, url }: ShopStage, { productId }: Shop): Promise<void> {
  let released = 0;
  const expiry = new HoldExpiry({
    database,
    changes: { clock: systemClock, onMessages: () => {} },
    log: createLog("silent"),
    holdSeconds: HOLD_SECONDS,
    onReleased: (count) => {
      released += count;
    },
  });
  while (await expiry.sweep());
  const told = await countOf(
    url,
    `select count(*)::integer from outbox o join reservation r using (saga_id)
    where r.product_id = $1 and o.type = 'ReservationCancelled'`,
    productId,
  );
  if (released !== HOLDS || told !== HOLDS) {
    throw new Error(`${released} of ${HOLDS} holds were given back, ${told} told of`);
  }
}

async function sweepBlock(stage: ShopStage): Promise<Block> {
  const shop = await shopWithHolds(stage);
  const began = performance.now();
  await sweep(stage, shop);
  return { value: (HOLDS / (performance.now() - began)) * 1_000 };
}

/** What cancelling by hand does, as often as it gets round. */
async function oneByOneBlock(stage: ShopStage, seconds: number): Promise<Block> {
  const shop = await shopWithHolds(stage);
  const books = changeBooks(stage.database);
  const changes = { books, clock: systemClock, ids: uuid, onMessages: () => {} };
  const first = await countOf(
    stage.url,
    "select min(id) from reservation where product_id = $1",
    shop.productId,
  );
  let next = first;
  const began = performance.now();
  const call = async () => {
    while (performance.now() - began < seconds * 1_000 && next < first + HOLDS) {
      next += 1;
      await cancelForBuyer(changes, next - 1, undefined);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, call));
  return { value: ((next - first) / (performance.now() - began)) * 1_000 };
}

/** Reservations a second for as long as `meanwhile` takes. */
async function sellBlock(
  stage: ShopStage,
  meanwhile: (shop: Shop) => Promise<void>,
): Promise<Block> {
  const shop = await shopWithHolds(stage);
  const actors = new StockActors({ decide: (requests) => reserve(stage.database, requests) });
  let over = false;
  let sold = 0;
  const began = performance.now();
  const call = async () => {
    while (!over) {
      const { verdict } = await actors.ask(requestFor(shop));
      if (verdict !== "RESERVED") throw new Error(`not reserved: ${verdict}`);
      sold += 1;
    }
  };
  const selling = Promise.all(Array.from({ length: CALLERS }, call));
  await meanwhile(shop).finally(() => {
    over = true;
  });
  await selling;
  const tookMs = performance.now() - began;
  return { value: (sold / tookMs) * 1_000, notes: { tookMs } };
}

/** A product of which very many hold a piece for too long; what earlier blocks left has ended. */
async function shopWithHolds(stage: ShopStage): Promise<Shop> {
  const shop = await stage.openShop();
  await withClient(stage.url, async (client) => {
    await client.query(
      `update reservation set status = 'CANCELLED', cancel_reason = 'left over',
        created_at = now() - interval '2 hours'
      where status in ('PENDING', 'PAYMENT_PENDING')`,
    );
    await client.query(
      `insert into reservation
        (saga_id, user_id, product_id, quantity, total_price, status, pass_token, created_at)
      select 'saga_' || gen_random_uuid(), n, $1, 1, 49.90, 'PAYMENT_PENDING',
        'pass_' || gen_random_uuid(), now() - interval '1 hour'
      from generate_series(1, $2) n`,
      [shop.productId, HOLDS],
    );
    await client.query("update product set available_stock = available_stock - $2 where id = $1", [
      shop.productId,
      HOLDS,
    ]);
    await client.query("vacuum (analyze) reservation");
  });
  return shop;
}

/** The one number that a question about a product answers. */
function countOf(url: string, question: string, productId: number): Promise<number> {
  return withClient(url, async (client) => {
    const { rows } = await client.query({ text: question, values: [productId], rowMode: "array" });
    return Number(rows[0]![0]);
  });
}

const pause = (seconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
