/**
 * Lets the requests for one product meet in one process of several, so that they share batches. Only
 * for speed: whoever decides, the database does, and where the owner does not answer it is done here.
 */
import { createHash } from "node:crypto";
import { LIMITS } from "../common/limits.ts";
import type { Log } from "../common/log.ts";
import type { ReserveRequest, ReserveVerdict } from "./reservation-store.ts";
import type { StockActors } from "./stock-actors.ts";

/** Where requests to buy are decided. */
export type Stock = Pick<StockActors, "hasRoom" | "ask">;

export interface StockRoutingOptions {
  /** This process' own. */
  readonly actors: Stock;
  readonly self: string;
  /** Processes that can decide now, this one among them. */
  readonly nodes: () => readonly string[];
  /** Rejects where no verdict came, for whatever reason. */
  readonly askNode: (node: string, request: ReserveRequest) => Promise<ReserveVerdict>;
  readonly log: Log;
  /** Told of each request: this process owns the product, its owner decided, or did not answer. */
  readonly onRouted: (where: "own" | "owner" | "instead") => void;
}

export class StockRouting implements Stock {
  readonly #options: StockRoutingOptions;
  /** Requests that another process is deciding, by product. */
  readonly #away = new Map<number, number>();

  constructor(options: StockRoutingOptions) {
    this.#options = options;
  }

  hasRoom(productId: number): boolean {
    const away = this.#away.get(productId) ?? 0;
    return away < LIMITS.mailbox && this.#options.actors.hasRoom(productId);
  }

  async ask(request: ReserveRequest): Promise<ReserveVerdict> {
    const { actors, self, nodes, askNode, log, onRouted } = this.#options;
    const owner = ownerOf(request.productId, nodes()) ?? self;
    if (owner === self) {
      onRouted("own");
      return actors.ask(request);
    }
    this.#count(request.productId, 1);
    try {
      const verdict = await askNode(owner, request);
      onRouted("owner");
      return verdict;
    } catch (error) {
      onRouted("instead");
      // Decided there or not: the saga's id makes a second decision repeat the first.
      log.debug({ err: error, owner, productId: request.productId }, "stock: decided here instead");
      return actors.ask(request);
    } finally {
      this.#count(request.productId, -1);
    }
  }

  #count(productId: number, change: 1 | -1): void {
    const away = (this.#away.get(productId) ?? 0) + change;
    if (away === 0) this.#away.delete(productId);
    else this.#away.set(productId, away);
  }
}

/**
 * Rendezvous hashing (Thaler and Ravishankar, 1998): all who know the same nodes name the same owner,
 * and a node that comes or goes moves its own products alone. Undefined where there is no node.
 */
export function ownerOf(productId: number, nodes: readonly string[]): string | undefined {
  if (nodes.length < 2) return nodes[0];
  const weigh = (node: string) =>
    createHash("sha1").update(`${productId} ${node}`).digest().readUIntBE(0, 6);
  const weighed = nodes.map((node) => ({ node, weight: weigh(node) }));
  return weighed.reduce((best, one) => (one.weight > best.weight ? one : best)).node;
}
