/** JSON calls to one service as an administrator: for set-up and books, not for load. */
import { isRecord } from "./client/answer.ts";
import { startClock } from "./clock.ts";
import { HttpDriver, type Reply, type WireJob } from "./http/http-driver.ts";

/**
 * The target cannot be used. unreachable: no answer, or none that means anything; refused: it
 * answered, and will not do what was asked. The message is one line for people.
 */
export class TargetError extends Error {
  readonly kind: "unreachable" | "refused";
  /** Of the answer, where one came and its status is what was wrong. */
  readonly status: number | undefined;

  constructor(kind: "unreachable" | "refused", message: string, status?: number) {
    super(message);
    this.name = "TargetError";
    this.kind = kind;
    this.status = status;
  }

  /** The service says that the call is wrong: whoever made it must mend it. 429 is "not now". */
  get callersFault(): boolean {
    return isCallersFault(this.status);
  }
}

export function isCallersFault(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500 && status !== 429;
}

/** Test accounts come 10,000 at a time, each with a token: some ten megabytes. */
const MAX_BODY_BYTES = 64 * 1_048_576;
const TIMEOUT_MS = 30_000;

interface Call extends WireJob {
  readonly resolve: (reply: Reply) => void;
}

export interface AdminCall {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  /** Names and values by turns, beside the client's own. */
  readonly headers?: readonly string[];
}

export class AdminClient {
  readonly #baseUrl: string;
  readonly #headers: string[];
  readonly #driver: HttpDriver<Call>;

  /** Without a token each call says who asks. Throws {@link TargetError} for a base URL that is none. */
  constructor(baseUrl: string, token: string | undefined, requestTimeoutMs = TIMEOUT_MS) {
    if (!URL.canParse(baseUrl)) throw new TargetError("unreachable", `${baseUrl} is not a URL`);
    this.#baseUrl = baseUrl;
    const clock = startClock();
    this.#headers = token === undefined ? [] : ["authorization", `Bearer ${token}`];
    this.#driver = new HttpDriver<Call>(
      {
        baseUrl,
        connections: 2,
        requestTimeoutMs,
        maxBodyBytes: MAX_BODY_BYTES,
        now: () => clock.now(),
      },
      { started: () => undefined, ended: (call, reply) => call.resolve(reply) },
    );
  }

  /** What came of the call; never rejects. */
  try(call: AdminCall): Promise<Reply> {
    const headers = [...this.#headers, ...(call.headers ?? [])];
    if (call.body !== undefined) headers.push("content-type", "application/json");
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    const request = { method: call.method, path: call.path, headers, body };
    return new Promise((resolve) => this.#driver.send({ request, resolve }));
  }

  /** The object that answers the call; rejects with {@link TargetError} for anything else. */
  async call(call: AdminCall): Promise<Record<string, unknown>> {
    const reply = await this.try(call);
    if (reply.outcome !== "ok") throw this.errorOf(call, reply);
    if (!isRecord(reply.body)) throw this.refusal(call, "its answer is not a JSON object");
    return reply.body;
  }

  refusal(call: AdminCall, why: string): TargetError {
    return new TargetError("refused", `${call.method} ${this.#baseUrl}${call.path}: ${why}`);
  }

  async close(): Promise<void> {
    await this.#driver.close();
  }

  /** The error for a call that was not answered with a yes. */
  errorOf(call: AdminCall, reply: Reply): TargetError {
    const where = `${call.method} ${this.#baseUrl}${call.path}`;
    if (reply.status === undefined) {
      const why = reply.code === "TIMEOUT" ? "no answer in time" : "no connection";
      return new TargetError("unreachable", `${where}: ${why}`);
    }
    const detail = isRecord(reply.body) ? reply.body.detail : undefined;
    const said = typeof detail === "string" ? ` (${detail.replaceAll(/\s+/g, " ")})` : "";
    const words = `${where}: ${reply.status} ${reply.code ?? ""}${said}`;
    return new TargetError("refused", words, reply.status);
  }
}
