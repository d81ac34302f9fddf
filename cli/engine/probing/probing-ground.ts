/** Sets up what the prober tries its requests on: two small sales and three people of its own. */
import { randomUUID } from "node:crypto";
import { AdminClient, type TargetError } from "../admin-client.ts";
import { isRecord } from "../client/answer.ts";
import type { ClientAccount, TargetUrls } from "../plan.ts";

/** The prober's own sales: whatever it does there, no other judge has to know of. */
export interface ProbingGround {
  readonly target: Pick<TargetUrls, "account" | "queue" | "ticket">;
  readonly eventId: number;
  /** One piece of it. */
  readonly scarceProductId: number;
  /** Nobody may buy any of it but for one honest purchase at the end. */
  readonly plentyProductId: number;
  readonly maxPerUser: number;
  /** A sale that the prober ends. */
  readonly endingEventId: number;
  readonly endingProductId: number;
  readonly owner: ClientAccount;
  readonly stranger: ClientAccount;
  /** Begins the names of what the prober makes itself. */
  readonly prefix: string;
}

const HOUR_MS = 3_600_000;
/** A pass every 60 ms: the prober does not measure the waiting room. */
const PERMITS_PER_MINUTE = 1_000;
const PLENTY = 50;
const MAX_PER_USER = 2;
/** The queue learns of a new event by a message. */
const SETTINGS_TRIES = 40;
const SETTINGS_PAUSE_MS = 250;

/** Rejects with {@link TargetError} when a service does not answer or refuses. */
export async function prepareProbing(
  target: TargetUrls,
  adminToken: string,
  nowMs: number,
): Promise<ProbingGround> {
  const ticket = new AdminClient(target.ticket, adminToken);
  const queue = new AdminClient(target.queue, adminToken);
  const account = new AdminClient(target.account, adminToken);
  const prefix = `probe-${randomUUID().slice(0, 8)}`;
  try {
    const eventId = await event(ticket, nowMs);
    const endingEventId = await event(ticket, nowMs);
    const scarceProductId = await product(ticket, eventId, 1);
    const plentyProductId = await product(ticket, eventId, PLENTY);
    const endingProductId = await product(ticket, endingEventId, PLENTY);
    for (const id of [eventId, endingEventId]) await openLine(queue, id);
    const [owner, stranger] = await people(account, prefix);
    const products = { scarceProductId, plentyProductId, maxPerUser: MAX_PER_USER };
    const sales = { eventId, ...products, endingEventId, endingProductId };
    return { target, ...sales, owner, stranger, prefix };
  } finally {
    await Promise.all([ticket.close(), queue.close(), account.close()]);
  }
}

async function event(ticket: AdminClient, nowMs: number): Promise<number> {
  const at = (offsetMs: number) => new Date(nowMs + offsetMs).toISOString();
  const window = { saleStartAt: at(-60_000), saleEndAt: at(24 * HOUR_MS) };
  const body = {
    name: "Probing ground",
    venue: "Nowhere",
    eventDate: at(720 * HOUR_MS),
    ...window,
  };
  return idOf(ticket, "/api/events", body);
}

function product(ticket: AdminClient, eventId: number, totalStock: number): Promise<number> {
  const body = { name: `One of ${totalStock}`, price: 10, totalStock, maxPerUser: MAX_PER_USER };
  return idOf(ticket, `/api/events/${eventId}/products`, { description: "", ...body });
}

async function idOf(client: AdminClient, path: string, body: object): Promise<number> {
  const call = { method: "POST", path, body } as const;
  const { id } = await client.call(call);
  if (typeof id !== "number") throw client.refusal(call, "its answer has no id");
  return id;
}

async function openLine(queue: AdminClient, eventId: number): Promise<void> {
  const body = { permitsPerMinute: PERMITS_PER_MINUTE, pacing: "smooth" };
  const call = { method: "PATCH", path: `/queue/${eventId}/settings`, body } as const;
  for (let tries = 1; tries < SETTINGS_TRIES; tries += 1) {
    const reply = await queue.try(call);
    if (reply.outcome === "ok") return;
    if (reply.status !== 404 && reply.outcome !== "unknown") break;
    await new Promise((resolve) => setTimeout(resolve, SETTINGS_PAUSE_MS));
  }
  await queue.call(call);
}

async function people(
  account: AdminClient,
  prefix: string,
): Promise<readonly [ClientAccount, ClientAccount]> {
  const body = { count: 2, prefix };
  const call = { method: "POST", path: "/api/admin/test-accounts", body } as const;
  const answer = await account.call(call);
  const made = Array.isArray(answer.accounts) ? answer.accounts.map(accountOf) : [];
  const [owner, stranger] = made;
  if (!owner || !stranger) throw account.refusal(call, "it made no two accounts");
  return [owner, stranger];
}

function accountOf(value: unknown): ClientAccount | undefined {
  if (!isRecord(value) || typeof value.accessToken !== "string") return undefined;
  if (typeof value.userId !== "number") return undefined;
  return { userId: value.userId, accessToken: value.accessToken };
}
