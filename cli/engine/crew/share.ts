/** Which of a run's clients one process drives: with several, each takes every so-many-th; pure. */

export interface Share {
  /** From 0 to `of` − 1. */
  readonly index: number;
  readonly of: number;
}

/** One process drives them all. */
export const EVERYONE: Share = { index: 0, of: 1 };

/** Dealt like cards, so that every share has its part of each stretch of the arrivals. */
export function isOwn({ index, of }: Share, client: number): boolean {
  return client % of === index;
}

/** How many of `clients` are in the share. */
export function sizeOf({ index, of }: Share, clients: number): number {
  return Math.max(0, Math.ceil((clients - index) / of));
}

/** The place of an own client among the share's own. */
export function placeOf({ of }: Share, client: number): number {
  return Math.floor(client / of);
}

/** What belongs to the clients of a share, out of one thing for each client. */
export function dealt<T>(all: readonly T[], { index, of }: Share): T[] {
  const own: T[] = [];
  for (let client = index; client < all.length; client += of) own.push(all[client]!);
  return own;
}
