/**
 * One actor a product: requests that come while a batch is decided share the next one, so that the
 * lock on a hot product's row, and the flush to disk, are paid once for many.
 */
import { failpoint } from "../common/failpoints.ts";
import { LIMITS } from "../common/limits.ts";
import type { SaleBooks } from "./reservation-books.ts";
import { nothingCommitted, type ReserveRequest, type ReserveVerdict } from "./reservation-store.ts";

export interface StockActorsOptions {
  /** Decides requests for one product that are independent of each other; verdicts in their order. */
  readonly decide: (requests: readonly ReserveRequest[]) => Promise<readonly ReserveVerdict[]>;
  /** Requests of one batch, and batches of one product under way at a time. */
  readonly batch?: number | undefined;
  readonly batchesAtOnce?: number;
}

interface Letter {
  readonly request: ReserveRequest;
  readonly resolve: (verdict: ReserveVerdict) => void;
  readonly reject: (error: unknown) => void;
}

/** The database decides, so any number of processes may have an actor for the same product. */
export class StockActors {
  readonly #decide: StockActorsOptions["decide"];
  readonly #batch: number;
  readonly #batchesAtOnce: number;
  /** Letters that wait, by product. */
  readonly #mailboxes = new Map<number, Letter[]>();
  /** Buyers, passes and sagas of the batches that are being decided, by product. */
  readonly #underWay = new Map<number, Set<readonly Letter[]>>();

  constructor(options: StockActorsOptions) {
    this.#decide = options.decide;
    this.#batch = options.batch ?? LIMITS.batch;
    this.#batchesAtOnce = options.batchesAtOnce ?? LIMITS.batchesAtOnce;
  }

  /** Asked before any work is done for a purchase: a full mailbox means that it would wait too long. */
  hasRoom(productId: number): boolean {
    return (this.#mailboxes.get(productId)?.length ?? 0) < LIMITS.mailbox;
  }

  /** Rejects with what the database threw; `nothingCommitted` tells what that means. */
  ask(request: ReserveRequest): Promise<ReserveVerdict> {
    return new Promise((resolve, reject) => {
      const letter = { request, resolve, reject };
      const mailbox = this.#mailboxes.get(request.productId);
      if (mailbox) mailbox.push(letter);
      else this.#mailboxes.set(request.productId, [letter]);
      this.#decideNext(request.productId);
    });
  }

  /** Begins one batch, and beside one that is under way another when that is full. */
  #decideNext(productId: number): void {
    const underWay = this.#underWay.get(productId) ?? new Set();
    while (underWay.size < this.#batchesAtOnce) {
      const waiting = this.#mailboxes.get(productId) ?? [];
      // A part of a batch would save nobody's time: it pays for a lock and a commit of its own.
      const least = underWay.size === 0 ? 1 : this.#batch;
      if (waiting.length < least) break;
      const { taken, left } = takeIndependent(waiting, this.#batch, [...underWay].flat());
      if (taken.length < least) break;
      if (left.length > 0) this.#mailboxes.set(productId, left);
      else this.#mailboxes.delete(productId);
      underWay.add(taken);
      this.#underWay.set(productId, underWay);
      void this.#answer(taken).finally(() => {
        underWay.delete(taken);
        if (underWay.size === 0) this.#underWay.delete(productId);
        this.#decideNext(productId);
      });
    }
  }

  async #answer(letters: readonly Letter[]): Promise<void> {
    try {
      const verdicts = await this.#decide(letters.map(({ request }) => request));
      if (verdicts.length !== letters.length) {
        throw new Error(`${letters.length} requests, ${verdicts.length} verdicts`);
      }
      for (const [at, { resolve }] of letters.entries()) resolve(verdicts[at]!);
    } catch (error) {
      if (letters.length > 1 && nothingCommitted(error)) {
        // One request that the database cannot stomach must not cost the others theirs.
        for (const letter of letters) await this.#answer([letter]);
        return;
      }
      for (const { reject } of letters) reject(error);
    }
  }
}

/** `batch`: requests that share a statement, at most. 1: each has its own, at once. */
export function openActors(
  books: Pick<SaleBooks, "reserve">,
  batch: number = LIMITS.batch,
): StockActors {
  return new StockActors({
    async decide(requests) {
      await failpoint("ticket.reserve.beforeCommit");
      const verdicts = await books.reserve(requests);
      await failpoint("ticket.reserve.afterCommit");
      return verdicts;
    },
    batch,
    ...(batch === 1 ? { batchesAtOnce: Number.POSITIVE_INFINITY } : {}),
  });
}

/**
 * The first letters, in order, of which no two share a buyer, a pass or a saga, with each other or
 * with those under way: what becomes of one says nothing about another but for the stock. The rest
 * waits for a later batch.
 */
export function takeIndependent<L extends { readonly request: ReserveRequest }>(
  letters: readonly L[],
  most: number,
  underWay: readonly L[] = [],
): { readonly taken: readonly L[]; readonly left: L[] } {
  const [taken, left]: [L[], L[]] = [[], []];
  const [users, passes, sagas] = [new Set<number>(), new Set<string>(), new Set<string>()];
  const note = ({ request: { userId, passToken, sagaId } }: L) => {
    users.add(userId);
    passes.add(passToken);
    sagas.add(sagaId);
  };
  underWay.forEach(note);
  for (const letter of letters) {
    const { userId, passToken, sagaId } = letter.request;
    const shares = users.has(userId) || passes.has(passToken) || sagas.has(sagaId);
    if (shares || taken.length >= most) left.push(letter);
    else taken.push(letter);
    // Also one that waits: another of the same buyer must not overtake it.
    note(letter);
  }
  return { taken, left };
}
