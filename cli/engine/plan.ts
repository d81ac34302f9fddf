/** What a run is told to do: the crowd, the sale it storms, and the limits it keeps. */
import type { RunSettings, SaleFacts } from "../judge/history.ts";
import { EVERYONE, type Share, sizeOf } from "./crew/share.ts";
import type { Dialect } from "./dialect/dialect.ts";
import type { ProbingGround } from "./probing/probing-ground.ts";

/** A buyer's account: `userId` is the token's `sub`. */
export interface ClientAccount {
  readonly userId: number;
  readonly accessToken: string;
}

/** Base URLs of the services under test; a gateway may stand behind several of them. */
export interface TargetUrls {
  readonly account: string;
  readonly queue: string;
  readonly ticket: string;
  readonly payment: string;
  readonly saga: string;
}

export interface RunPlan {
  readonly runId: string;
  /** ISO-8601, the tester's wall clock when the run was planned; copied into the record. */
  readonly startedAt: string;
  /** A safe integer; one seed gives one crowd. */
  readonly seed: number;
  /** `settings.target` names at least `queue` and `ticket`. */
  readonly settings: RunSettings;
  readonly sale: SaleFacts;
  /** For replayed arrivals: one for each client, in milliseconds from the first. */
  readonly arrivalOffsetsMs?: readonly number[];
  /** The clients this process drives; all of them where it is left out. */
  readonly share?: Share;
  /** At least one account a client of the share, in their order. */
  readonly accounts: readonly ClientAccount[];
  /** Reads the stock while the run goes on. */
  readonly adminToken: string;
  /** The run is stopped after this many seconds, whoever is still waiting. */
  readonly timeLimitSeconds: number;
  /** Where the prober tries bad requests while the crowd buys; without it nobody probes. */
  readonly probing?: ProbingGround;
  readonly tuning?: Partial<Tuning>;
  /** How the target is spoken to where it is not ReserveX; its stock is not watched then. */
  readonly dialect?: Dialect;
}

export interface Tuning {
  /**
   * shared: clients take turns on `connections`. own: each client keeps a socket for each origin
   * from its first request to its end, and `connections` serve a second request at the same time.
   */
  readonly sockets: "shared" | "own";
  /** How many loopback addresses own sockets are spread over; 1 leaves it to the system. */
  readonly sourceAddresses: number;
  /** Keep-alive connections for each origin; each carries one request at a time. */
  readonly connections: number;
  /** From the moment a request is on the wire to the last byte of its answer. */
  readonly requestTimeoutMs: number;
  /** A buyer with a pass thinks for a time drawn evenly between these two. */
  readonly thinkMinMs: number;
  readonly thinkMaxMs: number;
  /** How many of a hundred honest clients click "join" twice at once. */
  readonly doubleClickPercent: number;
  /** Unanswered attempts of one request in a row before the client gives up. */
  readonly maxTries: number;
  /** Refusals of one request for load (429, 503) or a closed sale before the client gives up. */
  readonly maxRefusals: number;
  /** How often a client joins again after losing its place or its pass. */
  readonly maxRejoins: number;
  /** Looks at one reservation before the client gives up on it; 2 s apart after the first few. */
  readonly maxLooks: number;
  /** The longest Retry-After that is obeyed in full. */
  readonly maxRetryAfterMs: number;
  /** Between two looks at the stock. */
  readonly stockEveryMs: number;
}

/**
 * `maxLooks` outlasts the saga's payment deadline (60 s) several times over; `maxTries` spans a
 * service restart (about 30 s of backing off).
 */
export const DEFAULT_TUNING: Tuning = {
  sockets: "shared",
  sourceAddresses: 1,
  connections: 128,
  requestTimeoutMs: 10_000,
  thinkMinMs: 200,
  thinkMaxMs: 1_500,
  doubleClickPercent: 3,
  maxTries: 10,
  maxRefusals: 30,
  maxRejoins: 5,
  maxLooks: 200,
  maxRetryAfterMs: 60_000,
  stockEveryMs: 1_000,
};

export function tuningOf(plan: RunPlan): Tuning {
  return { ...DEFAULT_TUNING, ...plan.tuning };
}

export function shareOf(plan: RunPlan): Share {
  return plan.share ?? EVERYONE;
}

/** The base URL of a service; throws RangeError where the plan does not name it. */
export function targetOf(plan: RunPlan, service: "queue" | "ticket"): string {
  const url = plan.settings.target[service];
  if (url === undefined) throw new RangeError(`the plan names no URL for the ${service} service`);
  return url;
}

/**
 * Throws RangeError with one line for a plan that no run could follow. People's input is checked
 * before it becomes a plan; what fails here is a mistake of the program.
 */
export function assertPlan(plan: RunPlan): void {
  const { settings, sale, accounts } = plan;
  const tuning = tuningOf(plan);
  must(Number.isSafeInteger(plan.seed), "the seed is not a safe integer");
  must(Number.isInteger(settings.clients) && settings.clients > 0, "a run needs a client");
  const own = sizeOf(shareOf(plan), settings.clients);
  must(own > 0, "a share without a client");
  must(accounts.length >= own, "there are fewer accounts than clients");
  const owners = new Set(accounts.map(({ userId }) => userId));
  must(owners.size === accounts.length, "two clients share one account");
  must(
    settings.arrivals !== "replay" || (plan.arrivalOffsetsMs?.length ?? 0) >= settings.clients,
    "there are fewer arrivals to replay than clients",
  );
  must(sale.products.length > 0, "the sale has no product");
  must(settings.arrivalSeconds >= 0, "arrivalSeconds is negative");
  must(isPercent(settings.absentPercent), "absentPercent is not between 0 and 100");
  must(isPercent(settings.attackersPercent), "attackersPercent is not between 0 and 100");
  must(
    settings.absentPercent + settings.attackersPercent <= 100,
    "absent clients and attackers are more than everyone",
  );
  must(plan.timeLimitSeconds > 0, "the time limit is not positive");
  must(tuning.connections >= 1, "a run needs a connection");
  must(tuning.requestTimeoutMs > 0, "the request timeout is not positive");
  must(tuning.thinkMinMs <= tuning.thinkMaxMs, "thinkMinMs is more than thinkMaxMs");
  must(tuning.thinkMaxMs < sale.passTtlSeconds * 1_000, "a pass ends before its owner decides");
  targetOf(plan, "queue");
  targetOf(plan, "ticket");
}

function isPercent(value: number): boolean {
  return value >= 0 && value <= 100;
}

function must(holds: boolean, otherwise: string): void {
  if (!holds) throw new RangeError(otherwise);
}
