/** Turns whatever went wrong in a request into one problem+json answer. */
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { Problem, type ProblemBody } from "../errors.ts";
import type { Log } from "../log.ts";

export const PROBLEM_TYPE = "application/problem+json; charset=utf-8";

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  if (problem.extras.retryAfterSeconds !== undefined) {
    reply.header("retry-after", String(Math.max(1, Math.ceil(problem.extras.retryAfterSeconds))));
  }
  if (problem.status === 401) reply.header("www-authenticate", 'Bearer realm="reservex"');
  const body: ProblemBody = problem.body();
  return reply.status(problem.status).type(PROBLEM_TYPE).serializer(JSON.stringify).send(body);
}

/** What a thrown thing means to the client. Anything not known to be theirs is ours: a 5xx, logged. */
export function problemOf(error: unknown, log: Log, request: FastifyRequest): Problem {
  if (error instanceof Problem) return error;
  const known = error as Partial<FastifyError>;
  if (known.validation) {
    const errors = known.validation.map((one) => ({
      path: `${known.validationContext ?? "request"}${dotted(one.instancePath)}`,
      message: one.message ?? "does not fit",
    }));
    const first = errors[0];
    return new Problem(
      "VALIDATION_FAILED",
      first ? `${first.path}: ${first.message}` : "does not fit",
      {
        errors,
      },
    );
  }
  const framework = fromFramework(known);
  if (framework) return framework;
  if (isUnreachable(error)) {
    log.warn({ err: error, url: request.url }, "a dependency does not answer");
    return new Problem(
      "UNAVAILABLE",
      "a part this needs does not answer; repeat the request with the same Idempotency-Key",
      { retryAfterSeconds: 1 },
    );
  }
  log.error({ err: error, method: request.method, url: request.url }, "request failed");
  return new Problem("INTERNAL", "the request could not be completed");
}

/** Fastify's own refusals: they carry a 4xx status and a code of the framework's. */
function fromFramework(error: Partial<FastifyError>): Problem | undefined {
  const status = error.statusCode ?? 500;
  if (status === 413) return new Problem("PAYLOAD_TOO_LARGE", "the body is too large");
  if (status === 415) {
    return new Problem("UNSUPPORTED_MEDIA_TYPE", "send application/json");
  }
  if (status >= 400 && status < 500) {
    const detail = error.message ?? "the request does not fit";
    return new Problem("VALIDATION_FAILED", detail, {
      errors: [{ path: "body", message: detail }],
    });
  }
  return undefined;
}

const UNREACHABLE_NAMES = new Set([
  "ConnectionError",
  "BackendTerminatedError",
  "BackendTerminatedUnexpectedlyError",
  "ServiceNotFoundError",
  "ServiceNotAvailableError",
  "RequestTimeoutError",
  "RequestRejectedError",
  "StatementTimeoutError",
]);

/** Errors that say "nobody answered": by name, because they come from three libraries and two processes. */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (UNREACHABLE_NAMES.has(error.name) || UNREACHABLE_NAMES.has(error.constructor.name))
    return true;
  const code = (error as { code?: unknown }).code;
  if (code === "ECONNREFUSED" || code === "ECONNRESET" || code === "57P01") return true;
  return error.cause !== undefined && isUnreachable(error.cause);
}

/** "/quantity" → ".quantity"; "/items/0/id" → ".items.0.id"; "/" is the whole. */
function dotted(pointer: string | undefined): string {
  return (pointer ?? "").replaceAll("/", ".").replace(/\.$/, "");
}
