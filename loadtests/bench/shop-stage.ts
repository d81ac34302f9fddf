/** A ticket database on a PostgreSQL of its own, and a product that many want. */
import { instant, systemClock } from "../../services/common/clock.ts";
import { type Database, withClient } from "../../services/common/database.ts";
import { newMessageId, newSagaId, uuid } from "../../services/common/ids.ts";
import { insertEvent, insertProduct } from "../../services/ticket/catalogue-store.ts";
import type { ReserveRequest } from "../../services/ticket/reservation-store.ts";
import { POSTGRES_SETTINGS, startBenchDatabase } from "./bench-database.ts";
import type { BenchContext, Settings } from "./benchmark.ts";

const HOUR_MS = 3_600_000;
/** More than any run can sell. */
const STOCK = 9_000_000;

export interface ShopStage {
  readonly url: string;
  readonly database: Database;
  readonly settings: Settings;
  /** A fresh product on sale. */
  openShop(): Promise<Shop>;
}

export interface Shop {
  readonly eventId: number;
  readonly productId: number;
}

/** Every commit reaches the disk before it is answered. */
export async function startShopStage({ parts }: BenchContext): Promise<ShopStage> {
  const folders = ["common", "ticket"];
  const { url, database } = await startBenchDatabase(parts, "bench_ticket", folders, 8);
  return {
    url,
    database,
    settings: { postgres: POSTGRES_SETTINGS },
    openShop: () => openShop(database),
  };
}

function openShop(database: Database): Promise<Shop> {
  const at = (ms: number) => instant(systemClock.now() + ms);
  return database.transaction(async (tx) => {
    const event = { name: "Midnight Signal", description: "", venue: "Riverside Hall" };
    const eventId = await insertEvent(tx, {
      ...event,
      eventDate: at(100 * HOUR_MS),
      saleStartAt: at(-HOUR_MS),
      saleEndAt: at(10 * HOUR_MS),
    });
    const productId = await insertProduct(tx, eventId, {
      ...{ name: "Balcony", description: "", priceCents: 4_990, maxPerUser: 4 },
      ...{ totalStock: STOCK, availableStock: STOCK, saleStartAt: null, saleEndAt: null },
    });
    return { eventId, productId };
  });
}

let lastUser = 0;

/** Of a buyer who has bought nothing yet. */
export function requestFor({ eventId, productId }: Shop): ReserveRequest {
  lastUser += 1;
  return {
    ...{ eventId, productId, userId: lastUser, quantity: 1 },
    passToken: `pass_${uuid()}`,
    idempotencyKey: uuid(),
    sagaId: newSagaId(),
    messageId: newMessageId(),
    occurredAt: instant(systemClock.now()),
  };
}

/** What is in the books counts, not what callers were told. */
export function soldOf({ url }: ShopStage, { productId }: Shop): Promise<number> {
  return withClient(url, async (client) => {
    const { rows } = await client.query(
      `select total_stock - available_stock as gone,
        (select count(*)::integer from reservation where product_id = product.id) as sold,
        (select count(*)::integer from outbox o join reservation r using (saga_id)
          where r.product_id = product.id) as told
      from product where id = $1`,
      [productId],
    );
    const { gone, sold, told } = rows[0] as { gone: number; sold: number; told: number };
    if (gone !== sold || told !== sold) {
      throw new Error(`the books disagree: ${gone} gone, ${sold} sold, ${told} told`);
    }
    return sold;
  });
}
