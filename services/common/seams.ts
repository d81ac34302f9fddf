/**
 * Where a part may be exchanged for a spoiled one, so that the judges can be shown each known sin.
 * Nothing is ever planted in production: the configuration refuses it, and an honest stack gets back
 * what it gave.
 */

/** Named after the part that stands there. */
export type SeamName =
  | "bus"
  | "verifier"
  | "edge.validator"
  | "account.store"
  | "account.accounts"
  | "account.hasher"
  | "queue.room"
  | "queue.gatekeeper"
  | "queue.status"
  | "ticket.database"
  | "ticket.saleBooks"
  | "ticket.desk"
  | "ticket.whose"
  | "payment.provider"
  | "saga.rules";

/** Takes the honest part and gives one of the same type; each knows the type at its seam. */
export type Spoil = (honest: never) => unknown;

let planted: Readonly<Partial<Record<SeamName, Spoil>>> = {};

/** From now on the parts at these seams are spoiled as they are made; {} plants nothing. */
export function plant(spoils: Readonly<Partial<Record<SeamName, Spoil>>>): void {
  planted = spoils;
}

/** The part itself, unless a test has planted another one here. */
export function seam<T>(name: SeamName, honest: T): T {
  const spoil = planted[name] as ((honest: T) => T) | undefined;
  return spoil ? spoil(honest) : honest;
}
