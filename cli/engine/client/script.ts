/** The requests a client can send; paths and bodies are built once a sale where they can be. */
import type { Attack, Habit, Op, ProbeOp, RunSettings, SaleFacts } from "../../judge/history.ts";
import { type FieldLines, type KeptText, noTextYet } from "../http/http-request.ts";
import type { Tuning } from "../plan.ts";
import type { Who } from "./casting.ts";

/** Probes are the prober's own, not a client's. */
export type OpName = Exclude<Op, ProbeOp>["op"];

/** A request, and what the record must say about it. */
export interface Outgoing {
  readonly op: OpName;
  readonly service: "queue" | "ticket";
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  /** The client's token; not among the headers then. */
  readonly always: FieldLines | undefined;
  /** Names and values by turns. */
  readonly headers: string[];
  readonly body?: string | undefined;
  readonly keptText?: KeptText | undefined;
  readonly pass?: string | undefined;
  readonly key?: string | undefined;
  readonly productId?: number | undefined;
  readonly quantity?: number | undefined;
  readonly attack?: Attack | undefined;
  readonly habit?: Habit | undefined;
  readonly reservationId?: number | undefined;
}

/** What all clients of a run share. */
export interface Script {
  readonly seed: number;
  readonly limits: Tuning;
  readonly quantity: number;
  readonly joinPath: string;
  readonly pollPath: string;
  readonly leavePath: string;
  /** The buyer's id is still to be added. */
  readonly reservePath: string;
  /** Product ids, and the body that buys each. */
  readonly productIds: readonly number[];
  readonly bodies: readonly string[];
}

export function scriptOf(
  seed: number,
  settings: RunSettings,
  sale: SaleFacts,
  limits: Tuning,
): Script {
  const line = `/queue/${sale.eventId}`;
  const { quantity } = settings;
  return {
    seed,
    limits,
    quantity,
    joinPath: `${line}/enqueue`,
    pollPath: `${line}/status`,
    leavePath: line,
    reservePath: `/api/reservations?eventId=${sale.eventId}&clientId=`,
    productIds: sale.products.map((product) => product.id),
    bodies: sale.products.map((product) => JSON.stringify({ productId: product.id, quantity })),
  };
}

/** `ticket` is the signed statement of a place in line that an earlier join gave. */
export function joinRequest(script: Script, who: Who, ticket?: string): Outgoing {
  const headers = bearer(who);
  if (ticket !== undefined) headers.push("x-queue-ticket", ticket);
  const { joinPath: path } = script;
  const { credentials: always } = who;
  const attack = markOf(who);
  return { op: "join", service: "queue", method: "POST", path, always, headers, attack };
}

/**
 * With its ticket a client that the waiting room has lost is back in its place at once. To be made
 * once for a client in line: its text is kept.
 */
export function pollRequest(script: Script, who: Who, ticket?: string): Outgoing {
  const headers = bearer(who);
  if (ticket !== undefined) headers.push("x-queue-ticket", ticket);
  const { pollPath: path } = script;
  const { credentials: always } = who;
  const attack = markOf(who);
  const keptText = noTextYet();
  return { op: "poll", service: "queue", method: "GET", path, always, headers, keptText, attack };
}

export function leaveRequest(script: Script, who: Who): Outgoing {
  const { leavePath: path } = script;
  const { credentials: always } = who;
  const headers = bearer(who);
  return { op: "leave", service: "queue", method: "DELETE", path, always, headers };
}

/** `wish` is an index into the sale's products; an attack without a pass leaves `pass` out. */
export function reserveRequest(
  script: Script,
  who: Who,
  wish: number,
  key: string,
  pass: string | undefined,
  attack?: Attack,
): Outgoing {
  const headers = bearer(who);
  headers.push("content-type", "application/json", "idempotency-key", key);
  if (pass !== undefined) headers.push("x-pass-token", pass);
  return {
    op: "reserve",
    service: "ticket",
    method: "POST",
    path: script.reservePath + who.userId,
    always: who.credentials,
    headers,
    body: script.bodies[wish]!,
    pass,
    key,
    productId: script.productIds[wish]!,
    quantity: script.quantity,
    attack,
  };
}

export function followRequest(who: Who, reservationId: number): Outgoing {
  return {
    op: "follow",
    service: "ticket",
    method: "GET",
    path: `/api/reservations/${reservationId}`,
    always: who.credentials,
    headers: bearer(who),
    reservationId,
  };
}

export function cancelRequest(who: Who, reservationId: number): Outgoing {
  return {
    op: "cancel",
    service: "ticket",
    method: "PUT",
    path: `/api/reservations/${reservationId}/cancel`,
    always: who.credentials,
    headers: bearer(who),
    reservationId,
    habit: "regret",
  };
}

/** What those attack by who or how often they are; the others attack with a purchase. */
function markOf({ role }: Who): Attack | undefined {
  return role === "poll-flood" || role === "many-accounts" ? role : undefined;
}

/** Of a client without credentials the token goes where it is found that nobody can send it. */
function bearer({ credentials, accessToken }: Who): string[] {
  return credentials === undefined ? ["authorization", `Bearer ${accessToken}`] : [];
}
