/**
 * A server on loopback that speaks Stripe's protocol: form-encoded requests, keys with the request
 * they belong to, replays, errors, pages, signed events. Faults are what a network and an outage do.
 */

import { createHmac, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { closeAtOnce, listenOnLoopback } from "../../../common/testing/loopback.ts";
import { StripeBooks, StripeRefusal } from "./stripe-books.ts";
import { perform } from "./stripe-requests.ts";

export const SECRET_KEY = "sk_test_local";
export const WEBHOOK_SECRET = "whsec_local";

export interface StripeRequest {
  readonly method: string;
  /** Without the query: `/v1/payment_intents`. */
  readonly path: string;
  readonly params: ReadonlyMap<string, string>;
  readonly key: string | undefined;
  readonly version: string | undefined;
}

/**
 * dropBefore, dropAfter: the connection ends before, or after, the request is acted on. refuse: an
 * error before anything is done, which no key remembers. break: acted on or not, a 500 that the
 * key repeats. hold: waits before acting, as on a slow way.
 */
export type Fault =
  | { readonly do: "dropBefore" | "dropAfter" }
  | { readonly do: "refuse"; readonly status: 429 | 503 }
  | { readonly do: "break"; readonly acts: boolean }
  | { readonly do: "hold"; readonly until: Promise<unknown> };

interface Answer {
  readonly status: number;
  readonly body: string;
}

interface Remembered {
  readonly request: string;
  answer: Answer | undefined;
}

export class StripeServer {
  readonly books: StripeBooks;
  /** Every request, in the order of arrival. */
  readonly requests: StripeRequest[] = [];
  /** Asked for each request. */
  fault: (request: StripeRequest) => Fault | undefined = () => undefined;
  readonly #keys = new Map<string, Remembered>();
  readonly #server = createServer((request, response) => {
    void this.#serve(request, response);
  });
  #aheadSeconds = 0;
  #url = "";

  constructor() {
    this.books = new StripeBooks(() => this.now());
  }

  async start(): Promise<void> {
    this.#url = await listenOnLoopback(this.#server);
  }

  async stop(): Promise<void> {
    await closeAtOnce(this.#server);
  }

  get url(): string {
    return this.#url;
  }

  /** Seconds since 1970. */
  now(): number {
    return Math.floor(Date.now() / 1_000) + this.#aheadSeconds;
  }

  /** A day later no key is known any more. */
  passDay(): void {
    this.#aheadSeconds += 86_400;
    this.#keys.clear();
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await readRequest(incoming);
    this.requests.push(request);
    const fault = this.fault(request);
    if (fault?.do === "hold") await fault.until;
    if (fault?.do === "dropBefore") return void incoming.socket.destroy();
    const replayed = this.#replay(request, incoming);
    const answer = replayed ?? this.#act(request, incoming, fault);
    if (fault?.do === "dropAfter") return void incoming.socket.destroy();
    response.writeHead(answer.status, {
      "content-type": "application/json",
      "request-id": `req_${randomUUID().slice(0, 14)}`,
      "stripe-version": request.version ?? "",
      ...(request.key ? { "idempotency-key": request.key } : {}),
      ...(replayed ? { "idempotent-replayed": "true" } : {}),
    });
    response.end(answer.body);
  }

  /** What the key's first request was answered, if it was one and the same. */
  #replay(request: StripeRequest, incoming: IncomingMessage): Answer | undefined {
    const known = request.key === undefined ? undefined : this.#keys.get(request.key);
    if (!known || incoming.headers.authorization !== `Bearer ${SECRET_KEY}`) return undefined;
    if (known.request === fingerprint(request)) return known.answer;
    return refusal(400, {
      type: "idempotency_error",
      message: `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${request.key}' if you meant to execute a different request.`,
    });
  }

  #act(request: StripeRequest, incoming: IncomingMessage, fault: Fault | undefined): Answer {
    if (incoming.headers.authorization !== `Bearer ${SECRET_KEY}`) {
      const message = "Invalid API Key provided: sk_test_*******";
      return refusal(401, { type: "invalid_request_error", message });
    }
    if (fault?.do === "refuse") {
      const type = fault.status === 429 ? "invalid_request_error" : "api_error";
      const code = fault.status === 429 ? "rate_limit" : undefined;
      return refusal(fault.status, { type, code, message: "Try again later." });
    }
    let answer = fault?.do === "break" && !fault.acts ? OUT_OF_ORDER : this.#perform(request);
    if (fault?.do === "break") answer = OUT_OF_ORDER;
    // A request that does not validate is not remembered; a declined card is.
    if (request.key !== undefined && answer.status !== 400 && answer.status !== 404) {
      this.#keys.set(request.key, { request: fingerprint(request), answer });
    }
    return answer;
  }

  #perform(request: StripeRequest): Answer {
    try {
      return { status: 200, body: JSON.stringify(perform(this.books, request)) };
    } catch (error) {
      if (error instanceof StripeRefusal) return refusal(error.status, error.error);
      throw error;
    }
  }
}

const OUT_OF_ORDER = refusal(500, { type: "api_error", message: "An unknown error occurred" });

function refusal(status: number, error: Readonly<Record<string, unknown>>): Answer {
  return { status, body: JSON.stringify({ error }) };
}

function fingerprint({ method, path, params }: StripeRequest): string {
  return JSON.stringify([method, path, [...params].sort()]);
}

async function readRequest(incoming: IncomingMessage): Promise<StripeRequest> {
  const url = new URL(incoming.url ?? "/", "http://localhost");
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString();
  const form = new URLSearchParams(body || url.search);
  return {
    method: incoming.method ?? "",
    path: url.pathname,
    params: new Map(form),
    key: headerOf(incoming, "idempotency-key"),
    version: headerOf(incoming, "stripe-version"),
  };
}

function headerOf(incoming: IncomingMessage, name: string): string | undefined {
  const value = incoming.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

export interface SentEvent {
  readonly id?: string;
  readonly type: string;
  /** A PaymentIntent, a Charge or a Refund. */
  readonly object: unknown;
}

/** An event's body and its Stripe-Signature header, made `ageSeconds` ago. */
export function signedEvent(
  { id = `evt_${randomUUID()}`, type, object }: SentEvent,
  { secret = WEBHOOK_SECRET, ageSeconds = 0 } = {},
): { readonly body: string; readonly signature: string } {
  const created = Math.floor(Date.now() / 1_000) - ageSeconds;
  const body = JSON.stringify({ id, object: "event", type, created, data: { object } }, null, 2);
  const v1 = createHmac("sha256", secret).update(`${created}.${body}`).digest("hex");
  return { body, signature: `t=${created},v1=${v1}` };
}
