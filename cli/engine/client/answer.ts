/** What a server's answer says, read with suspicion: a missing or misshapen field is left out. */
import type { Outcome, ReservationStatus } from "../../judge/history.ts";
import type { OpName } from "./script.ts";

/** The fields of a yes that a client acts on or the record keeps. */
export interface Facts {
  readonly position?: number | undefined;
  readonly pollAfterSeconds?: number | undefined;
  readonly queueTicket?: string | undefined;
  readonly pass?: string | undefined;
  readonly passExpiresAt?: string | undefined;
  readonly reservationId?: number | undefined;
  readonly sagaId?: string | undefined;
  readonly reservationStatus?: ReservationStatus | undefined;
}

export interface Answer {
  readonly outcome: Outcome;
  readonly status?: number | undefined;
  readonly code?: string | undefined;
  /** The server's Retry-After, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  readonly facts: Facts;
}

export const NO_FACTS: Facts = {};

const STATUSES: readonly string[] = ["PENDING", "PAYMENT_PENDING", "CONFIRMED", "CANCELLED"];
const MAX_TEXT = 4_096;

/** Reads the body of a 2xx answer to `op`. */
export function readFacts(op: OpName, body: unknown): Facts {
  if (!isRecord(body)) return NO_FACTS;
  switch (op) {
    case "join":
      return {
        position: count(body.position),
        pollAfterSeconds: count(body.pollAfterSeconds),
        queueTicket: token(body.queueTicket),
      };
    case "poll": {
      // A token counts only with passReady: a server that says both "not yet" and a token is odd,
      // and its clients would not show a button.
      const pass = body.passReady === true ? token(body.passToken) : undefined;
      return {
        position: count(body.position),
        pollAfterSeconds: count(body.pollAfterSeconds),
        pass,
        passExpiresAt: pass === undefined ? undefined : text(body.passExpiresAt),
      };
    }
    case "reserve":
    case "follow":
    case "cancel":
      return {
        reservationId: count(body.id),
        sagaId: text(body.sagaId),
        reservationStatus: status(body.status),
      };
    case "leave":
      return NO_FACTS;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}

function text(value: unknown): string | undefined {
  if (typeof value !== "string" || value.length === 0 || value.length > MAX_TEXT) return undefined;
  return value;
}

/** Text that can go back in a header as it came. */
function token(value: unknown): string | undefined {
  const found = text(value);
  return found !== undefined && /^[\x21-\x7e]+$/.test(found) ? found : undefined;
}

function status(value: unknown): ReservationStatus | undefined {
  return typeof value === "string" && STATUSES.includes(value)
    ? (value as ReservationStatus)
    : undefined;
}
