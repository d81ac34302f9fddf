/** A small, honest ticket shop in memory that speaks ReserveX's API, for the engine's tests. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { closeAtOnce, listenOnLoopback } from "../../../services/common/testing/loopback.ts";

export interface ShopOptions {
  readonly passesPerSecond: number;
  readonly stock: readonly number[];
  /** A booking is confirmed when it has been looked at this often. */
  readonly looks: number;
  /** Every n-th booking's payment fails; 0 for none. */
  readonly failEvery: number;
}

interface Booking {
  readonly id: number;
  readonly sagaId: string;
  readonly userId: number;
  readonly product: Product;
  readonly quantity: number;
  readonly key: string;
  status: "PENDING" | "CONFIRMED" | "CANCELLED";
  looks: number;
}

interface Product {
  readonly id: number;
  readonly name: string;
  readonly price: number;
  readonly totalStock: number;
  readonly maxPerUser: number;
  availableStock: number;
}

interface Said {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

const problem = (status: number, code: string): Said => ({ status, body: { code, status } });
const GRACE_MS = 1_500;

export class FakeShop {
  readonly #options: ShopOptions;
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  /** User ids in line, the first first, with their last sign of life. */
  readonly line = new Map<number, number>();
  readonly passes = new Map<number, string>();
  readonly bookings: Booking[] = [];
  readonly products: Product[] = [];
  readonly calls: string[] = [];
  /** Asked before each request; an answer here replaces the shop's own. "hang" never answers. */
  trouble: (method: string, path: string) => Said | "cut" | "hang" | undefined = () => undefined;
  #admitted = 0;
  #openedMs = performance.now();

  constructor(options: Partial<ShopOptions> = {}) {
    this.#options = {
      passesPerSecond: 200,
      stock: [40, 40, 20],
      looks: 1,
      failEvery: 0,
      ...options,
    };
    for (const [i, totalStock] of this.#options.stock.entries()) this.#addProduct(i, totalStock);
  }

  async open(): Promise<string> {
    const url = await listenOnLoopback(this.#server);
    this.#openedMs = performance.now();
    return url;
  }

  close(): Promise<void> {
    return closeAtOnce(this.#server);
  }

  #addProduct(i: number, totalStock: number): void {
    const product = { id: 11 + i, name: `Product ${i}`, price: 49.9, maxPerUser: 4 };
    this.products.push({ ...product, totalStock, availableStock: totalStock });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const method = request.method ?? "";
    const path = request.url ?? "";
    this.calls.push(`${method} ${path}`);
    const said = this.trouble(method, path) ?? this.#answer(request, method, path, text);
    if (said === "hang") return;
    if (said === "cut") {
      request.socket.destroy();
      return;
    }
    response.writeHead(said.status, { "content-type": "application/json", ...said.headers });
    response.end(said.body === undefined ? undefined : JSON.stringify(said.body));
  }

  #answer(request: IncomingMessage, method: string, path: string, text: string): Said {
    const token = /^Bearer (?:user-(\d+)|admin)$/.exec(request.headers.authorization ?? "");
    if (token === null) return problem(401, "UNAUTHENTICATED");
    const userId = Number(token[1] ?? 0);
    const body = text === "" ? {} : JSON.parse(text);
    const url = new URL(path, "http://shop");
    const route = `${method} ${url.pathname.replaceAll(/\d+/g, "#")}`;
    const id = Number(/\d+/.exec(url.pathname)?.[0] ?? 0);
    switch (route) {
      case "POST /queue/#/enqueue":
        return this.#join(userId);
      case "GET /queue/#/status":
        return this.#poll(userId);
      case "DELETE /queue/#":
        this.line.delete(userId);
        return { status: 204 };
      case "PATCH /queue/#/settings":
        return { status: 200, body };
      case "POST /api/reservations":
        return this.#reserve(userId, body, request.headers);
      case "GET /api/reservations/#":
        return this.#look(id);
      case "GET /api/admin/ledger":
        return this.#ledger(url.searchParams);
      case "POST /api/events":
        return { status: 201, body: { id: 7, ...body } };
      case "POST /api/events/#/products":
        return { status: 201, body: { ...body, id: 11, eventId: id } };
      case "POST /api/admin/test-accounts":
        return { status: 200, body: { accounts: accountsOf(body.count) } };
      default:
        return problem(404, "NOT_FOUND");
    }
  }

  #join(userId: number): Said {
    if (!this.line.has(userId)) this.line.set(userId, performance.now());
    const position = [...this.line.keys()].indexOf(userId);
    return { status: 200, body: { position, pollAfterSeconds: 0.2, queueTicket: `q-${userId}` } };
  }

  #poll(userId: number): Said {
    const nowMs = performance.now();
    const held = this.passes.get(userId);
    if (held === undefined && !this.line.has(userId)) return problem(404, "NOT_IN_QUEUE");
    if (held === undefined) this.line.set(userId, nowMs);
    for (const [other, seenMs] of this.line) if (nowMs - seenMs > GRACE_MS) this.line.delete(other);
    const position = Math.max(0, [...this.line.keys()].indexOf(userId));
    const permits = ((nowMs - this.#openedMs) / 1_000) * this.#options.passesPerSecond;
    if (held === undefined && this.#admitted + position + 1 <= permits) {
      this.#admitted += 1;
      this.line.delete(userId);
      this.passes.set(userId, `pass_${userId}`);
    }
    const passToken = this.passes.get(userId) ?? null;
    const passReady = passToken !== null;
    const passExpiresAt = passReady ? "2026-01-01T00:05:00.000Z" : null;
    const body = { position, passReady, passToken, passExpiresAt, pollAfterSeconds: 0.2 };
    return { status: 200, body };
  }

  #reserve(
    userId: number,
    body: { productId: number; quantity: number },
    headers: IncomingMessage["headers"],
  ): Said {
    const pass = headers["x-pass-token"];
    const key = String(headers["idempotency-key"]);
    const known = this.bookings.find((booking) => booking.key === key);
    if (known !== undefined) return { status: 201, body: shown(known) };
    if (pass === undefined) return problem(403, "PASS_TOKEN_REQUIRED");
    if (this.passes.get(userId) !== pass) return problem(403, "PASS_TOKEN_INVALID");
    const product = this.products.find((one) => one.id === body.productId);
    if (product === undefined) return problem(404, "NOT_FOUND");
    if (product.availableStock < body.quantity) return problem(409, "OUT_OF_STOCK");
    product.availableStock -= body.quantity;
    this.passes.delete(userId);
    const id = this.bookings.length + 101;
    const status = "PENDING" as const;
    const { quantity } = body;
    const booking = { id, sagaId: `s-${id}`, userId, product, quantity, key, status, looks: 0 };
    this.bookings.push(booking);
    return { status: 201, body: shown(booking) };
  }

  #look(id: number): Said {
    const booking = this.bookings.find((one) => one.id === id);
    if (booking === undefined) return problem(404, "NOT_FOUND");
    booking.looks += 1;
    if (booking.status === "PENDING" && booking.looks >= this.#options.looks) {
      const fails = this.#options.failEvery > 0 && booking.id % this.#options.failEvery === 0;
      booking.status = fails ? "CANCELLED" : "CONFIRMED";
      if (fails) booking.product.availableStock += booking.quantity;
    }
    return { status: 200, body: shown(booking) };
  }

  /** All three services' books at one address, in pages of at most three for the rows' sake. */
  #ledger(query: URLSearchParams): Said {
    const after = Number(query.get("afterReservation"));
    const limit = Math.min(3, Number(query.get("limit")));
    const until = Number(query.get("untilReservation") ?? Number.MAX_SAFE_INTEGER);
    const within = this.bookings.filter(({ id }) => id > after && id <= until);
    const page = within.slice(0, limit);
    const nextAfter = limit > 0 && within.length > limit ? page.at(-1)!.id : null;
    const confirmed = page.filter(({ status }) => status === "CONFIRMED");
    const body = {
      stock: this.products.map((product) => this.#stockLine(product)),
      reservations: page.map((one) => ({ ...shown(one), createdAt: "2026-01-01T00:00:01Z" })),
      payments: page.map((one) => ({ ...paymentOf(one), status: "COMPLETED" })),
      provider: confirmed.map((one) => ({ ...paymentOf(one), type: "charge", at: "2026" })),
      sagas: page.map(({ sagaId, id: reservationId, status }) => {
        const state = status === "PENDING" ? "charging" : "COMPLETED";
        return { sagaId, reservationId, state };
      }),
      nextAfter,
    };
    return { status: 200, body };
  }

  #stockLine(product: Product): Record<string, unknown> {
    const own = this.bookings.filter((one) => one.product === product);
    const sum = (states: readonly string[]) =>
      own.filter((one) => states.includes(one.status)).reduce((all, one) => all + one.quantity, 0);
    const { id: productId, name, totalStock, availableStock } = product;
    const held = sum(["PENDING", "CONFIRMED"]);
    return { productId, name, totalStock, availableStock, held, pending: sum(["PENDING"]) };
  }
}

function shown({ id, sagaId, userId, product, quantity, status }: Booking): object {
  const totalPrice = Math.round(product.price * 100 * quantity) / 100;
  return { id, sagaId, userId, productId: product.id, quantity, totalPrice, status };
}

function paymentOf({ id, sagaId, product, quantity }: Booking): object {
  return {
    id,
    sagaId,
    reservationId: id,
    amount: Math.round(product.price * 100 * quantity) / 100,
  };
}

function accountsOf(count: number): object[] {
  return Array.from({ length: count }, (_, i) => ({ userId: i + 1, accessToken: `user-${i + 1}` }));
}
