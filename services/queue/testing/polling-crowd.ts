/** Tens of thousands of clients who poll as they are told, each time at another process. */
import { Pool } from "undici";
import type { Status } from "../../common/contracts/queue.ts";
import type { StreamServer } from "./stream-server.ts";

const TICK_MS = 100;
/** Well within the shortest grace: 2 × 1 s + 5 s after a poll that said to come again in 1 s. */
const LATE_MS = 4_000;

export class PollingCrowd {
  readonly #servers: readonly { readonly pool: Pool; readonly token: string }[];
  /** Clients by the tick at which their next poll is due. */
  readonly #due = new Map<number, string[]>();
  readonly #passes = new Map<string, string>();
  #startMs = 0;
  #tick = 0;
  #polls = 0;
  #timer: NodeJS.Timeout | undefined;
  #asking = new Set<Promise<void>>();
  #broken: unknown;
  readonly #late = new Set<string>();

  constructor(servers: readonly StreamServer[]) {
    this.#servers = servers.map(({ url, token }) => {
      return { pool: new Pool(url, { connections: 2, pipelining: 64 }), token };
    });
  }

  /** Their first polls are spread over so many seconds. */
  begin(clientIds: readonly string[], withinSeconds: number): void {
    this.#startMs = performance.now();
    for (const [at, id] of clientIds.entries()) {
      this.#later(id, (at / clientIds.length) * withinSeconds);
    }
    this.#timer = setInterval(() => this.#catchUp(), TICK_MS);
  }

  get admitted(): number {
    return this.#passes.size;
  }

  get polls(): number {
    return this.#polls;
  }

  /** Clients whose poll was answered so late that they may have counted as absent. */
  get late(): ReadonlySet<string> {
    return this.#late;
  }

  /** Rejects with the first thing that went wrong. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#asking);
    await Promise.all(this.#servers.map(({ pool }) => pool.destroy()));
    if (this.#broken) throw this.#broken;
  }

  #later(clientId: string, seconds: number): void {
    const at = this.#tick + Math.max(1, Math.floor((seconds * 1_000) / TICK_MS));
    const others = this.#due.get(at);
    if (others) others.push(clientId);
    else this.#due.set(at, [clientId]);
  }

  #catchUp(): void {
    const now = Math.floor((performance.now() - this.#startMs) / TICK_MS);
    for (; this.#tick < now; this.#tick++) {
      const clientIds = this.#due.get(this.#tick) ?? [];
      this.#due.delete(this.#tick);
      const dueMs = this.#startMs + this.#tick * TICK_MS;
      for (const clientId of clientIds) this.#start(clientId, dueMs);
    }
  }

  #start(clientId: string, dueMs: number): void {
    const asking = this.#poll(clientId, dueMs).catch((error) => {
      this.#broken ??= error;
    });
    this.#asking.add(asking);
    void asking.then(() => this.#asking.delete(asking));
  }

  async #poll(clientId: string, dueMs: number): Promise<void> {
    const { pool, token } = this.#servers[this.#polls++ % this.#servers.length]!;
    const { statusCode, body } = await pool.request({
      method: "GET",
      path: `/queue/1/status?clientId=${clientId}`,
      headers: { authorization: `Bearer ${token}` },
    });
    const status = (await body.json()) as Status;
    if (statusCode !== 200) throw new Error(`${clientId}: ${statusCode} ${JSON.stringify(status)}`);
    if (performance.now() - dueMs > LATE_MS) this.#late.add(clientId);
    if (!status.passToken) return this.#later(clientId, status.pollAfterSeconds);
    const before = this.#passes.get(clientId);
    if (before && before !== status.passToken) throw new Error(`${clientId} has two passes`);
    this.#passes.set(clientId, status.passToken);
  }
}
