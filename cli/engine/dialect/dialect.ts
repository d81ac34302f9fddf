/**
 * How another system is spoken to: its calls as templates, its answers' fields by name. The crowd
 * goes on thinking in ReserveX's words; what it sends and hears is put into the other's here; pure.
 */
import type { Hidden, ReservationStatus } from "../../judge/history.ts";
import { type Answer, isRecord, NO_FACTS } from "../client/answer.ts";
import type { OpName, Outgoing } from "../client/script.ts";
import type { Reply } from "../http/http-reply.ts";
import type { ClientAccount } from "../plan.ts";

/** Words in braces are filled in: {eventId}, {userId}, {token}, {pass}, {key}, {productId} … */
export interface CallShape {
  readonly service: "account" | "queue" | "ticket";
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  /** A header with a word that nobody has (no pass, for one) is left out. */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON; a text that is nothing but one word in braces becomes that word's value, a number too. */
  readonly body?: unknown;
  /** Our name for a field → theirs, with dots into objects. A field not named is not read. */
  readonly answer: Readonly<Record<string, string>>;
  /** Where the answer is a list, or holds one under this name ("" for the answer itself). */
  readonly list?: string | undefined;
}

export interface Dialect {
  readonly name: string;
  readonly urls: Readonly<Record<CallShape["service"], string>>;
  readonly sale: {
    readonly eventId: number;
    readonly permitsPerMinute: number;
    readonly pacing: "smooth" | "burst";
    readonly passTtlSeconds: number;
  };
  readonly calls: {
    readonly signup: CallShape;
    readonly login: CallShape;
    readonly products: CallShape;
    readonly join: CallShape;
    readonly poll: CallShape;
    /** Left out where nobody can leave the line. */
    readonly leave?: CallShape | undefined;
    readonly reserve: CallShape;
    readonly follow: CallShape;
    /** A client's own reservations: what the books are read from. */
    readonly mine: CallShape;
  };
  /** An answer to `poll` with this value means "you are not in line". */
  readonly notInLine?: { readonly field: string; readonly equals: unknown } | undefined;
  /** Their words for a reservation's state → ours; ours need not be named. */
  readonly statuses: Readonly<Record<string, ReservationStatus>>;
  /** The first that fits says what a no means. `says`: in the answer's text, whatever its case. */
  readonly errors: readonly ErrorRule[];
}

export interface ErrorRule {
  readonly op?: OpName | undefined;
  readonly status?: number | undefined;
  readonly says?: string | undefined;
  readonly code: string;
}

export type Words = Readonly<Record<string, string | number | undefined>>;

/** To a request that the other has no words for: nothing was sent, so nothing is recorded. */
export const NOT_OFFERED: Answer = { outcome: "fail", code: "NOT_OFFERED", facts: NO_FACTS };

/** What of a request the wire needs, filled in; undefined where a word of the path is missing. */
export function fill(call: CallShape, words: Words) {
  const path = fillText(call.path, words, encodeURIComponent);
  if (path === undefined) return undefined;
  const headers: string[] = [];
  for (const [name, shape] of Object.entries(call.headers)) {
    const value = fillText(shape, words, String);
    if (value !== undefined) headers.push(name, value);
  }
  const body = call.body === undefined ? undefined : fillValue(call.body, words);
  return { method: call.method, path, headers, body };
}

function fillText(
  shape: string,
  words: Words,
  write: (word: string) => string,
): string | undefined {
  let missing = false;
  const text = shape.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const word = words[name];
    missing ||= word === undefined;
    return write(String(word));
  });
  return missing ? undefined : text;
}

function fillValue(shape: unknown, words: Words): unknown {
  if (typeof shape === "string") {
    const whole = /^\{(\w+)\}$/.exec(shape);
    return whole ? words[whole[1]!] : fillText(shape, words, String);
  }
  if (Array.isArray(shape)) return shape.map((one) => fillValue(one, words));
  if (!isRecord(shape)) return shape;
  return Object.fromEntries(
    Object.entries(shape).map(([name, value]) => [name, fillValue(value, words)]),
  );
}

/** The request in the other's words; undefined where it knows no such thing. No dialect: as it is. */
export function say(
  dialect: Dialect | undefined,
  request: Outgoing,
  account: ClientAccount,
): Outgoing | undefined {
  if (dialect === undefined) return request;
  const call = request.op === "cancel" ? undefined : dialect.calls[request.op];
  if (call === undefined || call.service === "account") return undefined;
  const { pass, key, productId, quantity, reservationId } = request;
  const { userId, accessToken: token } = account;
  const { eventId } = dialect.sale;
  const words = { eventId, userId, token, pass, key, productId, quantity, reservationId };
  const filled = fill(call, words);
  if (filled === undefined) return undefined;
  const { method, path, headers } = filled;
  if (filled.body !== undefined) headers.push("content-type", "application/json");
  const body = filled.body === undefined ? undefined : JSON.stringify(filled.body);
  return { ...request, service: call.service, method, path, always: undefined, headers, body };
}

/** The answer in our words. */
export function hear(dialect: Dialect | undefined, request: Outgoing, reply: Reply): Reply {
  if (dialect === undefined) return reply;
  const call = request.op === "cancel" ? undefined : dialect.calls[request.op];
  if (call === undefined || reply.status === undefined) return reply;
  if (reply.outcome !== "ok") return { ...reply, code: codeOf(dialect, request.op, reply) };
  const found = request.op === "follow" ? itemOf(call, reply.body, request) : reply.body;
  const body = translate(dialect, call, found);
  const { notInLine } = dialect;
  if (request.op === "poll" && notInLine !== undefined && body.passReady !== true) {
    // A yes that says no: nothing was found, so nothing happened.
    if (fieldOf(reply.body, notInLine.field) === notInLine.equals) {
      return { ...reply, outcome: "fail", code: "NOT_IN_QUEUE" };
    }
  }
  return { ...reply, body };
}

/** The fields that the call names, under our names. */
export function translate(
  dialect: Dialect,
  call: CallShape,
  body: unknown,
): Record<string, unknown> {
  const said: Record<string, unknown> = {};
  for (const [ours, theirs] of Object.entries(call.answer)) said[ours] = fieldOf(body, theirs);
  const { status } = said;
  if (typeof status === "string") said.status = dialect.statuses[status] ?? status;
  return said;
}

/** The rows of a list that an answer is or holds; undefined when there is none. */
export function rowsOf(call: CallShape, body: unknown): readonly unknown[] | undefined {
  const rows = call.list === undefined ? body : fieldOf(body, call.list);
  return Array.isArray(rows) ? rows : undefined;
}

/** The reservation that was asked about: the answer itself, or one in a list of them. */
function itemOf(call: CallShape, body: unknown, { reservationId }: Outgoing): unknown {
  if (call.list === undefined) return body;
  const id = call.answer.id ?? "id";
  return rowsOf(call, body)?.find((row) => fieldOf(row, id) === reservationId);
}

export function fieldOf(body: unknown, path: string): unknown {
  if (path === "") return body;
  let value = body;
  for (const name of path.split(".")) value = isRecord(value) ? value[name] : undefined;
  return value;
}

function codeOf(
  { errors }: Dialect,
  op: OpName,
  { status, code, body }: Reply,
): string | undefined {
  const text = body === undefined ? "" : JSON.stringify(body).toLowerCase();
  const rule = errors.find(
    (one) =>
      (one.op === undefined || one.op === op) &&
      (one.status === undefined || one.status === status) &&
      (one.says === undefined || text.includes(one.says.toLowerCase())),
  );
  return rule?.code ?? code;
}

/** What judges must know they cannot see. */
export function hiddenBy({ calls }: Dialect): readonly Hidden[] {
  const hidden: Hidden[] = ["payments", "sagas"];
  if (calls.poll.answer.passExpiresAt === undefined) hidden.push("passTimes");
  if (!JSON.stringify([calls.reserve.headers, calls.reserve.body ?? ""]).includes("{key}")) {
    hidden.push("keys");
  }
  return hidden;
}
