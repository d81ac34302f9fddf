/** A request as it goes on the wire: one text, so that it is written at once; pure. */

declare const checked: unique symbol;
/** Fields of a head, each with its line's end, that {@link fieldLines} has found fit to be sent. */
export type FieldLines = string & { readonly [checked]: true };

/** What a driver needs to know of a request. */
export interface WireRequest {
  readonly method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  /** Starts with a slash; added to the path of the base URL. */
  readonly path: string;
  /** Names and values by turns. */
  readonly headers: readonly string[];
  /** Go before the headers: what a client says with every request, looked at once. */
  readonly always?: FieldLines | undefined;
  readonly body?: string | undefined;
  /** Room for its text, in a request that is sent again and again as it is. */
  readonly keptText?: KeptText | undefined;
}

/** The text that a request became, and for which server; without a text it has become none yet. */
export interface KeptText {
  host: string;
  prefix: string;
  text: string | undefined;
}

/** `framing` is ours to say, `never` what a client of HTTP/1.1 that takes turns cannot say. */
type NameKind = "plain" | "host" | "framing" | "never";

const NAME = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;
const NOT_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
const NOT_IN_PATH = /[^\x21-\x7e\x80-\xff]/;
const NOT_ASCII = /[^\0-\x7f]/;

/** Names come from a few scripts and target files; a flood of new ones is checked each time. */
const MAX_NAMES = 1_000;
const kinds = new Map<string, NameKind>();

export const noTextYet = (): KeptText => ({ host: "", prefix: "", text: undefined });

/**
 * As latin1 text, whose length is then its bytes: what of a body is beyond that stands there as
 * UTF-8, a character a byte. undefined for a request that HTTP cannot carry. `host` is the Host
 * header of a request that brings none.
 */
export function requestText(
  host: string,
  prefix: string,
  request: WireRequest,
): string | undefined {
  const { keptText: kept } = request;
  if (kept === undefined) return textOf(host, prefix, request);
  if (kept.text === undefined || kept.host !== host || kept.prefix !== prefix) {
    kept.text = textOf(host, prefix, request);
    kept.host = host;
    kept.prefix = prefix;
  }
  return kept.text;
}

function textOf(
  host: string,
  prefix: string,
  { method, path, headers, always = NO_FIELDS, body }: WireRequest,
): string | undefined {
  const fields = fieldLines(headers);
  const line = method === last.method && path === last.path && prefix === last.prefix;
  const start = line ? last.text : startLine(method, prefix, path);
  if (fields === undefined || start === undefined) return undefined;
  const hostLine = bringsHost(headers) ? "" : `host: ${host}\r\n`;
  const head = `${start}${hostLine}${always}${fields}`;
  if (body === undefined) {
    // A body that might have been there and is not: servers want to be told.
    const length = method === "GET" || method === "DELETE" ? "" : "content-length: 0\r\n";
    return `${head}${length}\r\n`;
  }
  const bytes = NOT_ASCII.test(body) ? Buffer.from(body, "utf8").toString("latin1") : body;
  return `${head}content-length: ${bytes.length}\r\n\r\n${bytes}`;
}

const NO_FIELDS = "" as FieldLines;

/** The start that was written last: most of a crowd asks the same. */
let last = { method: "", prefix: "", path: "", text: "" };

function startLine(method: string, prefix: string, path: string): string | undefined {
  if (NOT_IN_PATH.test(path)) return undefined;
  const text = `${method} ${prefix}${path} HTTP/1.1\r\nconnection: keep-alive\r\n`;
  last = { method, prefix, path, text };
  return text;
}

/** Without what is ours to say; undefined where one cannot be sent. */
export function fieldLines(headers: readonly string[]): FieldLines | undefined {
  let lines = "";
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const kind = kindOf(headers[i]!);
    const value = headers[i + 1]!;
    if (kind === "never" || NOT_IN_VALUE.test(value)) return undefined;
    if (kind !== "framing") lines += `${headers[i]}: ${value}\r\n`;
  }
  return lines as FieldLines;
}

/** The bearer token's line. Checks the token by itself, which keeps no second copy of it. */
export function bearerLine(token: string): FieldLines | undefined {
  if (NOT_IN_VALUE.test(token)) return undefined;
  return `authorization: Bearer ${token}\r\n` as FieldLines;
}

function bringsHost(headers: readonly string[]): boolean {
  for (let i = 0; i < headers.length; i += 2) if (kindOf(headers[i]!) === "host") return true;
  return false;
}

function kindOf(name: string): NameKind {
  const known = kinds.get(name);
  if (known !== undefined) return known;
  const kind = readKind(name);
  if (kinds.size < MAX_NAMES) kinds.set(name, kind);
  return kind;
}

function readKind(name: string): NameKind {
  if (!NAME.test(name)) return "never";
  switch (name.toLowerCase()) {
    case "host":
      return "host";
    case "content-length":
    case "connection":
      return "framing";
    case "transfer-encoding":
    case "keep-alive":
    case "upgrade":
    case "expect":
      return "never";
    default:
      return "plain";
  }
}
