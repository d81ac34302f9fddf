/** What an HTTP answer means for the one who asked: ok, fail or unknown, and why. */
import type { Outcome } from "../../judge/history.ts";
import { isRecord } from "../client/answer.ts";

export interface Reply {
  readonly outcome: Outcome;
  /** Absent when there was no whole answer. */
  readonly status?: number | undefined;
  /**
   * Of an answer that is not a clear yes: the problem's `code`, else HTTP_<status>; UNREADABLE for
   * a yes whose body is no JSON or too long; TIMEOUT or CONNECTION when there was no answer.
   */
  readonly code?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  /** The parsed JSON; undefined without a body, or when it could not be read. */
  readonly body?: unknown;
  /** By the driver's clock. */
  readonly endedMs: number;
}

const MAX_CODE_LENGTH = 64;

/** The reply of a whole answer; `tooLong` when its body was not read to the end. */
export function replyOf(
  status: number,
  text: string,
  tooLong: boolean,
  retryAfterMs: number | undefined,
  endedMs: number,
): Reply {
  const body = parse(text);
  if (status >= 200 && status < 300) {
    const readable = !tooLong && (body !== undefined || text === "");
    const code = readable ? undefined : "UNREADABLE";
    return { outcome: "ok", status, code, retryAfterMs, body, endedMs };
  }
  const code = readCode(body) ?? `HTTP_${status}`;
  // Load is shed before work begins, so this 5xx is a clear no; any other may have done anything.
  const shed = status === 503 && code === "OVERLOADED";
  const outcome = status >= 500 && !shed ? "unknown" : "fail";
  return { outcome, status, code, retryAfterMs, body, endedMs };
}

/** The reply of no answer, or of half of one. */
export function silence(error: Error, endedMs: number): Reply {
  const code = isConnectTimeout(error) ? "TIMEOUT" : "CONNECTION";
  return { outcome: "unknown", code, endedMs };
}

function parse(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readCode(body: unknown): string | undefined {
  if (!isRecord(body) || typeof body.code !== "string" || body.code === "") return undefined;
  return body.code.slice(0, MAX_CODE_LENGTH);
}

/** Milliseconds. Whole seconds only: a date would be compared with a clock that is not ours. */
export function readRetryAfter(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : undefined;
}

function isConnectTimeout(error: Error): boolean {
  return (
    "code" in error && (error.code === "UND_ERR_CONNECT_TIMEOUT" || error.code === "ETIMEDOUT")
  );
}
