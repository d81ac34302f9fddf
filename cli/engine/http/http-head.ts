/** What the head of an HTTP/1.1 answer says: its status, how its body is framed, what comes after; pure. */

export type Framing =
  | { readonly by: "length"; readonly bytes: number }
  | { readonly by: "chunks" }
  /** The body ends where the connection does. */
  | { readonly by: "close" };

export interface Head {
  /** From 100 to 999. */
  readonly status: number;
  readonly framing: Framing;
  /** The connection may carry another request once this answer is read. */
  readonly keepsAlive: boolean;
  /** After so long idle the server will close it, as it says; undefined where it does not. */
  readonly idleMs: number | undefined;
  readonly retryAfter: string | undefined;
}

const NOTHING: Framing = { by: "length", bytes: 0 };
const CHUNKS: Framing = { by: "chunks" };
const UNTIL_CLOSE: Framing = { by: "close" };

const STATUS_LINE = /^HTTP\/1\.[01] [1-9]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const LENGTH = /^\d{1,15}$/;
const TIMEOUT = /(?:^|[\s,;])timeout=(\d{1,9})(?:$|[\s,;])/i;
const FOLD = /\r\n[\t ]+/g;
const EDGE = /^[\t ]+|[\t ]+$/g;

/** Bytes of a field's name (RFC 9110, token), and of its value. */
const IN_NAME = tableOf((code) => /[!#$%&'*+\-.^_`|~\dA-Za-z]/.test(String.fromCharCode(code)));
const IN_VALUE = tableOf((code) => code === 9 || (code >= 32 && code !== 127));
const COLON = 58;

/** Servers say the same again and again, but for the second it is: 32 heads are most of a sale. */
const MAX_KNOWN = 32;
const known = new Map<string, Head>();

/** The latest final head as its bytes, the empty line after it included. */
let latest: { readonly bytes: Buffer; readonly head: Head } | undefined;

/**
 * The head between `from` and `length` where it is the one that was read last, which most are: to
 * compare bytes costs a quarter of finding their end and looking them up as text.
 */
export function sameHead(
  buffer: Buffer,
  from: number,
  length: number,
): { readonly bytes: Buffer; readonly head: Head } | undefined {
  if (latest === undefined) return undefined;
  const end = from + latest.bytes.length;
  if (end > length) return undefined;
  return buffer.compare(latest.bytes, 0, latest.bytes.length, from, end) === 0 ? latest : undefined;
}

/** What {@link sameHead} compares with from now on. `bytes` are copied. */
export function rememberHead(bytes: Buffer, head: Head): void {
  latest = { bytes: Buffer.from(bytes), head };
}

/** {@link readHead}, remembering what it read lately. */
export function headOf(text: string): Head | undefined {
  const before = known.get(text);
  if (before !== undefined) return before;
  const head = readHead(text);
  if (head === undefined) return undefined;
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(text, head);
  return head;
}

/**
 * Reads a head: bytes as latin1, from the status line to its last field, without the empty line.
 * undefined for what is no head, and for one whose framing is in doubt (RFC 9112, 6.3): two
 * lengths, or a length beside chunks.
 */
export function readHead(text: string): Head | undefined {
  const firstEnd = endOfLine(text, 0);
  if (!STATUS_LINE.test(text.slice(0, firstEnd))) return undefined;
  const fields = readFields(text, firstEnd);
  if (fields === undefined) return undefined;
  const status = Number(text.slice(9, 12));
  const framing = framingOf(status, fields);
  if (framing === undefined) return undefined;
  const keepsAlive = framing.by !== "close" && isKept(text, status, fields);
  const { retryAfter, keepAlive } = fields;
  const seconds = keepAlive === undefined ? undefined : TIMEOUT.exec(keepAlive)?.[1];
  const idleMs = seconds === undefined ? undefined : Number(seconds) * 1_000;
  return { status, framing, keepsAlive, idleMs, retryAfter };
}

/** The fields that matter here; what is said in several lines is joined by commas. */
interface Fields {
  length: string | undefined;
  coding: string | undefined;
  connection: string | undefined;
  keepAlive: string | undefined;
  retryAfter: string | undefined;
}

function readFields(text: string, from: number): Fields | undefined {
  const fields: Fields = {
    length: undefined,
    coding: undefined,
    connection: undefined,
    keepAlive: undefined,
    retryAfter: undefined,
  };
  let at = from;
  while (at < text.length) {
    const nameAt = at + 2;
    let colon = nameAt;
    while (IN_NAME[text.charCodeAt(colon)] === 1) colon += 1;
    if (colon === nameAt || text.charCodeAt(colon) !== COLON) return undefined;
    at = endOfValue(text, colon + 1);
    if (at < 0) return undefined;
    if (!keep(fields, text, nameAt, colon, at)) return undefined;
  }
  return fields;
}

/** −1 where the value holds what none may hold. */
function endOfValue(text: string, from: number): number {
  let at = from;
  for (;;) {
    while (IN_VALUE[text.charCodeAt(at)] === 1) at += 1;
    if (at === text.length) return at;
    if (!text.startsWith("\r\n", at)) return -1;
    // A line that begins with a blank goes on with the value before it: obsolete, but to be read.
    const next = text.charCodeAt(at + 2);
    if (next !== 32 && next !== 9) return at;
    at += 2;
  }
}

/** False for a field that must not come twice. Most names are too long or too short to be ours. */
function keep(fields: Fields, text: string, nameAt: number, colon: number, end: number): boolean {
  const length = colon - nameAt;
  if (length !== 10 && length !== 11 && length !== 14 && length !== 17) return true;
  const value = () =>
    text
      .slice(colon + 1, end)
      .replace(FOLD, " ")
      .replace(EDGE, "");
  switch (text.slice(nameAt, colon).toLowerCase()) {
    case "connection":
      fields.connection = joined(fields.connection, value());
      return true;
    case "keep-alive":
      fields.keepAlive = joined(fields.keepAlive, value());
      return true;
    case "retry-after":
      fields.retryAfter ??= value();
      return true;
    case "content-length":
      if (fields.length !== undefined) return false;
      fields.length = value();
      return true;
    case "transfer-encoding":
      fields.coding = joined(fields.coding, value());
      return true;
    default:
      return true;
  }
}

function framingOf(status: number, { length, coding }: Fields): Framing | undefined {
  if (length !== undefined && !LENGTH.test(length)) return undefined;
  if (length !== undefined && coding !== undefined) return undefined;
  if (status < 200 || status === 204 || status === 304) return NOTHING;
  if (coding !== undefined) return /(?:^|,)[\t ]*chunked$/i.test(coding) ? CHUNKS : UNTIL_CLOSE;
  return length === undefined ? UNTIL_CLOSE : { by: "length", bytes: Number(length) };
}

/** HTTP/1.1 stays unless it says so; HTTP/1.0 the other way round. */
function isKept(text: string, status: number, { length, coding, connection }: Fields): boolean {
  // It says there is a body where there cannot be one: what follows may be that body.
  const odd = status === 204 || status === 304;
  if (odd && (coding !== undefined || Number(length ?? 0) > 0)) return false;
  const isOld = text[7] === "0";
  if (connection === undefined) return !isOld;
  const words = connection.toLowerCase().split(/[\t ]*,[\t ]*/);
  if (words.includes("close")) return false;
  return !isOld || words.includes("keep-alive");
}

function joined(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before},${value}`;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\r\n", from);
  return end < 0 ? text.length : end;
}

function tableOf(isIn: (code: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => (isIn(code) ? 1 : 0));
}
