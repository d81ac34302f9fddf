/** A person with an HTTP client, for tests: sets up a sale, waits in line, books, follows. */

export type Urls = Readonly<Record<string, string>>;

interface Call {
  readonly method?: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface Reply {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A request; JSON in and out. */
export async function call(
  url: string,
  { method, token, headers, body }: Call = {},
): Promise<Reply> {
  const response = await fetch(url, {
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers: {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text ? JSON.parse(text) : {} };
}

/** Logs in, or fails with what came back. */
export async function logIn(urls: Urls, email: string, password: string): Promise<string> {
  const reply = await call(`${urls.account}/api/auth/login`, { body: { email, password } });
  if (reply.status !== 200) throw new Error(`login: ${JSON.stringify(reply)}`);
  return reply.body.accessToken as string;
}

export interface Sale {
  readonly eventId: number;
  readonly productId: number;
}

export async function openSale(urls: Urls, admin: string, stock: number): Promise<Sale> {
  const hour = 3_600_000;
  const at = (offset: number) => new Date(Date.now() + offset).toISOString();
  const event = await call(`${urls.ticket}/api/events`, {
    token: admin,
    body: {
      name: "Sale",
      venue: "Hall",
      eventDate: at(48 * hour),
      saleStartAt: at(-60_000),
      saleEndAt: at(hour),
    },
  });
  const product = await call(`${urls.ticket}/api/events/${event.body.id}/products`, {
    token: admin,
    body: { name: "Seat", price: 49.9, totalStock: stock, maxPerUser: 2 },
  });
  const settings = await call(`${urls.queue}/queue/${event.body.id}/settings`, {
    method: "PATCH",
    token: admin,
    body: { permitsPerMinute: 6_000, pacing: "burst" },
  });
  if (product.status !== 201 || settings.status !== 200) {
    throw new Error(`sale: ${JSON.stringify([event, product, settings])}`);
  }
  return { eventId: event.body.id as number, productId: product.body.id as number };
}

/** Joins and polls until the pass is there. */
export async function waitInLine(urls: Urls, token: string, eventId: number): Promise<string> {
  await call(`${urls.queue}/queue/${eventId}/enqueue`, { method: "POST", token });
  for (let look = 0; look < 200; look++) {
    const { body } = await call(`${urls.queue}/queue/${eventId}/status`, { token });
    if (typeof body.passToken === "string") return body.passToken;
    await pause(50);
  }
  throw new Error("no pass came");
}

export async function reserve(
  urls: Urls,
  token: string,
  sale: Sale,
  pass: string,
  key: string,
): Promise<Reply> {
  return call(`${urls.ticket}/api/reservations?eventId=${sale.eventId}`, {
    token,
    headers: { "x-pass-token": pass, "idempotency-key": key },
    body: { productId: sale.productId, quantity: 1 },
  });
}

/** Looks until the reservation has ended; its last status. */
export async function follow(urls: Urls, token: string, id: number, seconds = 30): Promise<string> {
  let status = "never seen";
  for (const end = performance.now() + seconds * 1_000; performance.now() < end; await pause(100)) {
    const { body } = await call(`${urls.ticket}/api/reservations/${id}`, { token });
    status = String(body.status);
    if (status === "CONFIRMED" || status === "CANCELLED") break;
  }
  return status;
}

export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));
