/** The organizer of the sales: opens events, cancels some in mid-sale, and never loses patience. */
import { setTimeout as wait } from "node:timers/promises";
import type { Buyer, Target } from "./crowd.ts";
import type { CrowdRecord } from "./record.ts";
import type { Ask, Reply, Shop } from "./shop.ts";

const AGAIN_MS = 200;
const PATIENCE_MS = 60_000;
const HOUR_MS = 3_600_000;

export interface Office {
  /** An administrator's access token. */
  readonly admin: string;
  /** An event that is on sale, with its products. */
  openSale(stock: readonly number[]): Promise<Target>;
  cancelSale(eventId: number): Promise<void>;
  buyers(count: number, prefix: string): Promise<readonly Buyer[]>;
  /** Rotates a session now and then, as a client that stays logged in does. */
  refreshNow(record: CrowdRecord): Promise<void>;
}

export interface Login {
  readonly email: string;
  readonly password: string;
}

export async function openOffice(shop: Shop, login: Login): Promise<Office> {
  const session = await insist(() => shop.ask("account", "/api/auth/login", { body: login }));
  const admin = String(session.body.accessToken);
  const ask = (service: string, path: string, how: Ask = {}) =>
    insist(() => shop.ask(service, path, { token: admin, timeoutMs: 10_000, ...how }));
  let refreshToken: string | undefined;
  return {
    admin,
    async openSale(stock) {
      const at = (offset: number) => new Date(Date.now() + offset).toISOString();
      const times = { saleStartAt: at(-60_000), saleEndAt: at(10 * HOUR_MS) };
      const place = { name: "Sale", venue: "Hall", eventDate: at(48 * HOUR_MS) };
      const event = await ask("ticket", "/api/events", { body: { ...place, ...times } });
      const eventId = event.body.id as number;
      const productIds: number[] = [];
      for (const totalStock of stock) {
        const product = { name: "Seat", price: 49.9, totalStock, maxPerUser: 4 };
        const made = await ask("ticket", `/api/events/${eventId}/products`, { body: product });
        productIds.push(made.body.id as number);
      }
      return { eventId, productIds };
    },
    async cancelSale(eventId) {
      await ask("ticket", `/api/events/${eventId}/cancel`, { method: "POST" });
    },
    async buyers(count, prefix) {
      const body = { count, prefix };
      const made = await ask("account", "/api/admin/test-accounts", { body, timeoutMs: 30_000 });
      const accounts = made.body.accounts as { userId: number; accessToken: string }[];
      return accounts.map(({ userId, accessToken }) => ({ userId, token: accessToken }));
    },
    async refreshNow(record) {
      const reply = refreshToken
        ? await shop.ask("account", "/api/auth/refresh", { body: { refreshToken } })
        : await shop.ask("account", "/api/auth/login", { body: login });
      record.refreshes += 1;
      // Also after an answer that was lost: the old token may be spent, and is not tried again.
      refreshToken = reply.status === 200 ? String(reply.body.refreshToken) : undefined;
    },
  };
}

/** Until it is done. Setting up may be done twice where an answer was lost: an event without buyers. */
async function insist(attempt: () => Promise<Reply>): Promise<Reply> {
  for (const end = performance.now() + PATIENCE_MS; ; await wait(AGAIN_MS)) {
    const reply = await attempt();
    if (reply.status >= 200 && reply.status < 300) return reply;
    const done = reply.code === "INVALID_STATE";
    if (done) return reply;
    if (performance.now() > end || (reply.status >= 400 && reply.status < 500)) {
      throw new Error(`the sale could not be set up: ${reply.status} ${reply.code}`);
    }
  }
}
