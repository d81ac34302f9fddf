/** Sets up a sale as an administrator: the event, its products, its line, its buyers. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ProductFacts, SaleFacts } from "../judge/history.ts";
import { type AdminCall, AdminClient, type TargetError } from "./admin-client.ts";
import { amountOf, centsOf } from "./cents.ts";
import { isRecord } from "./client/answer.ts";
import type { ClientAccount, TargetUrls } from "./plan.ts";

export { TargetError } from "./admin-client.ts";

export interface ProductPlan {
  readonly name: string;
  readonly description: string;
  readonly priceCents: number;
  readonly totalStock: number;
  readonly maxPerUser: number;
}

export interface SalePlan {
  readonly name: string;
  readonly description: string;
  readonly venue: string;
  /** ISO-8601 instants. */
  readonly eventDate: string;
  readonly saleStartAt: string;
  readonly saleEndAt: string;
  readonly products: readonly ProductPlan[];
  readonly permitsPerMinute: number;
  readonly passTtlSeconds: number;
  readonly pacing: "smooth" | "burst";
  /** How many buyers' accounts to make. */
  readonly clients: number;
  /** Begins the accounts' names; a new one for each run keeps their books apart. */
  readonly accountPrefix: string;
}

export interface PreparedSale {
  readonly sale: SaleFacts;
  /** One for each client. */
  readonly accounts: readonly ClientAccount[];
}

export const ACCOUNTS_PER_CALL = 10_000;
/** Ten thousand tokens take a while to sign. */
const ACCOUNTS_TIMEOUT_MS = 120_000;
/** The queue learns of a new event by a message, so its settings may be refused for a moment. */
const SETTINGS_TRIES = 40;
const SETTINGS_PAUSE_MS = 250;

/**
 * Opens a sale and makes its buyers. Rejects with {@link TargetError}: unreachable when a service
 * does not answer, refused when it says no or answers with something else than the contract says.
 */
export async function prepareSale(
  target: TargetUrls,
  adminToken: string,
  plan: SalePlan,
): Promise<PreparedSale> {
  const ticket = new AdminClient(target.ticket, adminToken);
  const queue = new AdminClient(target.queue, adminToken);
  const account = new AdminClient(target.account, adminToken, ACCOUNTS_TIMEOUT_MS);
  try {
    const eventId = await createEvent(ticket, plan);
    const products: ProductFacts[] = [];
    for (const product of plan.products) {
      products.push(await createProduct(ticket, eventId, product));
    }
    const { permitsPerMinute, passTtlSeconds, pacing } = plan;
    await setUpLine(queue, eventId, { permitsPerMinute, passTtlSeconds, pacing });
    const accounts = await makeAccounts(account, plan.clients, plan.accountPrefix);
    return { sale: { eventId, permitsPerMinute, pacing, passTtlSeconds, products }, accounts };
  } finally {
    await Promise.all([ticket.close(), queue.close(), account.close()]);
  }
}

async function createEvent(ticket: AdminClient, plan: SalePlan): Promise<number> {
  const { name, description, eventDate, venue, saleStartAt, saleEndAt } = plan;
  const body = { name, description, eventDate, venue, saleStartAt, saleEndAt };
  const call: AdminCall = { method: "POST", path: "/api/events", body };
  const event = await ticket.call(call);
  return idOf(event.id) ?? fail(ticket, call, "its answer has no id");
}

async function createProduct(
  ticket: AdminClient,
  eventId: number,
  plan: ProductPlan,
): Promise<ProductFacts> {
  const { name, description, priceCents, totalStock, maxPerUser } = plan;
  const body = { name, description, price: amountOf(priceCents), totalStock, maxPerUser };
  const call: AdminCall = { method: "POST", path: `/api/events/${eventId}/products`, body };
  const product = await ticket.call(call);
  const id = idOf(product.id) ?? fail(ticket, call, "its answer has no id");
  if (centsOf(product.price) !== priceCents) return fail(ticket, call, "it kept another price");
  return { id, name, priceCents, totalStock, maxPerUser };
}

async function setUpLine(queue: AdminClient, eventId: number, settings: object): Promise<void> {
  const call: AdminCall = {
    method: "PATCH",
    path: `/queue/${eventId}/settings`,
    body: settings,
  };
  for (let tries = 1; ; tries += 1) {
    const reply = await queue.try(call);
    if (reply.outcome === "ok") return;
    const passing = reply.status === 404 || reply.outcome === "unknown";
    // The last try is made by `call`, which words its refusal.
    if (!passing || tries >= SETTINGS_TRIES || reply.code === "TIMEOUT") break;
    await sleep(SETTINGS_PAUSE_MS);
  }
  await queue.call(call);
}

/** Makes `count` accounts, at most {@link ACCOUNTS_PER_CALL} in one call. */
async function makeAccounts(
  account: AdminClient,
  count: number,
  prefix: string,
): Promise<ClientAccount[]> {
  const accounts: ClientAccount[] = [];
  for (let chunk = 0; accounts.length < count; chunk += 1) {
    const wanted = Math.min(ACCOUNTS_PER_CALL, count - accounts.length);
    const call: AdminCall = {
      method: "POST",
      path: "/api/admin/test-accounts",
      body: { count: wanted, prefix: `${prefix}-${chunk}` },
    };
    const answer = await account.call(call);
    const made = Array.isArray(answer.accounts) ? answer.accounts : [];
    if (made.length !== wanted) return fail(account, call, `it made ${made.length} accounts`);
    for (const one of made) {
      accounts.push(readAccount(one) ?? fail(account, call, "an account is not as agreed"));
    }
  }
  return accounts;
}

function readAccount(value: unknown): ClientAccount | undefined {
  if (!isRecord(value) || typeof value.accessToken !== "string") return undefined;
  const userId = idOf(value.userId);
  return userId === undefined ? undefined : { userId, accessToken: value.accessToken };
}

function idOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

function fail(client: AdminClient, call: AdminCall, why: string): never {
  throw client.refusal(call, why) satisfies TargetError;
}
