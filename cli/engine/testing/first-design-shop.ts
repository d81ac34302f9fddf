/** A small shop in memory that speaks the first design's API, for tests of other systems' targets. */

import { createServer, type IncomingMessage } from "node:http";
import { closeAtOnce, listenOnLoopback } from "../../../services/common/testing/loopback.ts";

export interface FirstDesignOptions {
  readonly passesPerSecond: number;
  readonly stock: readonly number[];
  /** Sins that a black-box judge must see. */
  readonly sin?: "oversells" | "passes open twice" | "counts later" | undefined;
  /** Every n-th payment fails; 0 for none. */
  readonly failEvery: number;
}

interface Booking {
  readonly id: number;
  readonly userId: number;
  readonly product: Product;
  readonly quantity: number;
  status: "PENDING" | "CONFIRMED" | "CANCELLED";
  looks: number;
}

interface Product {
  readonly id: number;
  readonly eventId: number;
  readonly name: string;
  readonly price: number;
  availableStock: number;
}

interface Said {
  readonly status: number;
  readonly body?: unknown;
}

const EVENT = 1;
/** So often is a purchase looked at that cannot be had before it is found out: some seconds. */
const FOUND_OUT_LOOKS = 6;
/** Its errors are bare JSON without a code … */
const bare = (status: number, error: string, message: string): Said => {
  return { status, body: { error, message, timestamp: "2026-01-01T00:00:00" } };
};
/** … or nothing at all. */
const FORBIDDEN: Said = { status: 403 };

export class FirstDesignShop {
  readonly #options: FirstDesignOptions;
  readonly #server = createServer((request, response) => {
    void this.#answer(request).then(({ status, body }) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(body === undefined ? undefined : JSON.stringify(body));
    });
  });
  readonly #line: number[] = [];
  readonly #passes = new Map<number, string>();
  readonly #emails: string[] = [];
  readonly #products: Product[];
  readonly bookings: Booking[] = [];
  /** Method and path of each request that no route of its fits. */
  readonly strangers: string[] = [];
  #admitted = 0;
  #openedMs = performance.now();

  constructor(options: Partial<FirstDesignOptions> = {}) {
    this.#options = { passesPerSecond: 100, stock: [20, 10], failEvery: 0, ...options };
    this.#products = this.#options.stock.map((availableStock, i) => {
      return { id: 5 + i, eventId: EVENT, name: `Block ${i}`, price: 49.9, availableStock };
    });
  }

  async open(): Promise<string> {
    const url = await listenOnLoopback(this.#server);
    this.#openedMs = performance.now();
    return url;
  }

  close(): Promise<void> {
    return closeAtOnce(this.#server);
  }

  async #answer(request: IncomingMessage): Promise<Said> {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const url = new URL(request.url ?? "", "http://shop");
    const body = text === "" ? {} : JSON.parse(text);
    const userId = Number(/^Bearer jwt-(\d+)$/.exec(request.headers.authorization ?? "")?.[1]);
    const route = `${request.method} ${url.pathname}`;
    if (route === "POST /api/auth/signup") return this.#signUp(body.email);
    if (route === "GET /api/products") return { status: 200, body: this.#products };
    if (!userId || ![null, String(userId)].includes(url.searchParams.get("clientId"))) {
      return FORBIDDEN;
    }
    switch (route) {
      case `POST /queue/${EVENT}/enqueue`:
        return this.#enqueue(userId);
      case `GET /queue/${EVENT}/status`:
        return this.#status(userId);
      case "POST /api/reservations":
        return this.#reserve(userId, body, request.headers["x-pass-token"]);
      case "GET /api/reservations/my":
        return { status: 200, body: this.#mine(userId) };
      default:
        this.strangers.push(route);
        return bare(404, "Not Found", `no route ${route}`);
    }
  }

  #signUp(email: string): Said {
    if (this.#emails.includes(email)) return bare(400, "Bad Request", "Email already exists");
    const userId = this.#emails.push(email);
    const accessToken = `jwt-${userId}`;
    return { status: 200, body: { accessToken, refreshToken: "r", userId, email } };
  }

  #enqueue(userId: number): Said {
    if (!this.#line.includes(userId)) this.#line.push(userId);
    const position = this.#line.indexOf(userId);
    return { status: 200, body: { userKey: `u:${userId}`, position, displayOffset: 42 } };
  }

  #status(userId: number): Said {
    const position = this.#line.indexOf(userId);
    const seconds = (performance.now() - this.#openedMs) / 1_000;
    if (position >= 0 && this.#admitted + position < seconds * this.#options.passesPerSecond) {
      this.#line.splice(position, 1);
      this.#admitted += 1;
      this.#passes.set(userId, `pass_${userId}`);
    }
    const passToken = this.#passes.get(userId) ?? null;
    const passReady = passToken !== null;
    const shown = this.#line.indexOf(userId);
    return { status: 200, body: { position: shown, passReady, passToken } };
  }

  #reserve(
    userId: number,
    { productId, quantity }: { productId: number; quantity: number },
    pass: string | string[] | undefined,
  ): Said {
    if (pass === undefined || this.#passes.get(userId) !== pass) return FORBIDDEN;
    const { sin } = this.#options;
    const product = this.#products.find(({ id }) => id === productId);
    if (product === undefined) return bare(404, "Not Found", "Product not found");
    const beyond = sin === "oversells" || sin === "counts later";
    if (product.availableStock < quantity && !beyond) {
      return bare(400, "Bad Request", "Insufficient stock");
    }
    const left = product.availableStock - quantity;
    product.availableStock = sin === "counts later" ? left : Math.max(0, left);
    if (sin !== "passes open twice") this.#passes.delete(userId);
    const id = this.bookings.length + 1;
    const booking: Booking = { id, userId, product, quantity, status: "PENDING", looks: 0 };
    this.bookings.push(booking);
    return { status: 200, body: shown(booking) };
  }

  /** Whoever looks finds the payment done, one way or the other. */
  #mine(userId: number): object[] {
    const own = this.bookings.filter((one) => one.userId === userId);
    const listed = own.map(shown);
    const { failEvery } = this.#options;
    for (const one of own) {
      if (one.status !== "PENDING") continue;
      one.looks += 1;
      const beyond = one.product.availableStock < 0;
      if (beyond && one.looks < FOUND_OUT_LOOKS) continue;
      const fails = beyond || (failEvery > 0 && one.id % failEvery === 0);
      one.status = fails ? "CANCELLED" : "CONFIRMED";
      if (fails) one.product.availableStock += one.quantity;
    }
    return listed;
  }
}

function shown({ id, product, quantity, status }: Booking): object {
  const totalPrice = Math.round(product.price * 100 * quantity) / 100;
  return { id, sagaId: `s-${id}`, productId: product.id, quantity, totalPrice, status };
}
