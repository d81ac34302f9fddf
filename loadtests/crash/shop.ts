/** The services as their clients see them: several processes each, of which any may be dead just now. */
import { Agent, request } from "undici";

export interface Ask {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly timeoutMs?: number;
  /** Hangs up after so long: the answer, if there is one, is lost. */
  readonly hangUpAfterMs?: number | undefined;
}

export interface Reply {
  /** 0: no answer came. */
  readonly status: number;
  /** The problem's code, or what went wrong with the connection. */
  readonly code: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Longer than an honest answer takes here, short enough to ask again often. */
const TIMEOUT_MS = 4_000;

export class Shop {
  readonly #urls: ReadonlyMap<string, readonly string[]>;
  readonly #agent = new Agent({ connections: 64, keepAliveTimeout: 1_000 });
  readonly #random: () => number;

  /** Base URLs of each service's processes. */
  constructor(urls: ReadonlyMap<string, readonly string[]>, random: () => number) {
    this.#urls = urls;
    this.#random = random;
  }

  has(service: string): boolean {
    return this.#urls.has(service);
  }

  /** One request to any process of the service. Never rejects: what was not heard is status 0. */
  async ask(service: string, path: string, ask: Ask = {}): Promise<Reply> {
    const urls = this.#urls.get(service) ?? [];
    const base = urls[Math.floor(this.#random() * urls.length)]!;
    const patience = Math.min(ask.timeoutMs ?? TIMEOUT_MS, ask.hangUpAfterMs ?? Infinity);
    try {
      const { statusCode, body } = await request(`${base}${path}`, {
        method: ask.method ?? (ask.body === undefined ? "GET" : "POST"),
        headers: {
          ...(ask.body === undefined ? {} : { "content-type": "application/json" }),
          ...(ask.token ? { authorization: `Bearer ${ask.token}` } : {}),
          ...ask.headers,
        },
        body: ask.body === undefined ? null : JSON.stringify(ask.body),
        signal: AbortSignal.timeout(patience),
        dispatcher: this.#agent,
      });
      const text = await body.text();
      const content = text ? JSON.parse(text) : {};
      return { status: statusCode, code: String(content?.code ?? ""), body: content };
    } catch (error) {
      const { name, code } = error as { name?: string; code?: string };
      return { status: 0, code: code ?? name ?? "unreachable", body: {} };
    }
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }
}
