/** The errors clients can rely on: one table of codes, and the RFC 9457 problem made from it. */

interface ErrorKind {
  readonly status: number;
  readonly title: string;
}

/** Code → status and title. The README's error table and the OpenAPI documents follow this one. */
export const ERRORS = {
  VALIDATION_FAILED: { status: 400, title: "The request does not fit" },
  UNAUTHENTICATED: { status: 401, title: "No usable token" },
  INVALID_CREDENTIALS: { status: 401, title: "Wrong e-mail or password" },
  FORBIDDEN: { status: 403, title: "Not allowed" },
  PASS_TOKEN_REQUIRED: { status: 403, title: "A pass is required" },
  PASS_TOKEN_INVALID: { status: 403, title: "The pass does not open this gate" },
  NOT_FOUND: { status: 404, title: "Not found" },
  NOT_IN_QUEUE: { status: 404, title: "Not in the queue" },
  EMAIL_TAKEN: { status: 409, title: "The e-mail is taken" },
  OUT_OF_STOCK: { status: 409, title: "Out of stock" },
  SALE_NOT_OPEN: { status: 409, title: "The sale is not open" },
  PURCHASE_LIMIT: { status: 409, title: "Purchase limit reached" },
  INVALID_STATE: { status: 409, title: "Not possible in this state" },
  IDEMPOTENCY_CONFLICT: { status: 409, title: "The idempotency key was used for another request" },
  PAYLOAD_TOO_LARGE: { status: 413, title: "The body is too large" },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: "The content type is not supported" },
  RATE_LIMITED: { status: 429, title: "Too many requests" },
  INTERNAL: { status: 500, title: "Something broke on our side" },
  OVERLOADED: { status: 503, title: "Too busy, nothing was done" },
  UNAVAILABLE: { status: 503, title: "A part this needs does not answer" },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

/** One thing wrong with a request: where (`body.quantity`) and what. */
export interface Misfit {
  readonly path: string;
  readonly message: string;
}

/** The body of an `application/problem+json` answer (RFC 9457). */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly errors?: readonly Misfit[];
}

interface ProblemExtras {
  readonly errors?: readonly Misfit[];
  /** Seconds, sent as `Retry-After`. */
  readonly retryAfterSeconds?: number;
}

/**
 * An answer other than yes. Domain code returns tagged unions; only an edge turns one into a
 * Problem and throws it to its own error handler.
 */
export class Problem extends Error {
  readonly code: ErrorCode;
  readonly extras: ProblemExtras;

  constructor(code: ErrorCode, detail: string, extras: ProblemExtras = {}) {
    super(detail);
    this.name = "Problem";
    this.code = code;
    this.extras = extras;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  body(): ProblemBody {
    const { status, title } = ERRORS[this.code];
    return {
      type: `urn:reservex:problem:${this.code.toLowerCase().replaceAll("_", "-")}`,
      title,
      status,
      detail: this.message,
      code: this.code,
      ...(this.extras.errors ? { errors: this.extras.errors } : {}),
    };
  }
}

/** The stack was started wrongly: one line that names what to change. Exit code 64. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

/** Something this process needs is not there: one line that says how to get it. Exit code 69. */
export class UnavailableError extends Error {
  override readonly name = "UnavailableError";
}
