/**
 * Every setting, read once at start. This is the only file that looks at the environment; a wrong
 * value stops the start with one line that names the variable.
 */
import { z } from "zod";
import { MUTANT_NAMES } from "./contracts/mutants.ts";
import { DEFAULT_PORTS, type ServiceName } from "./contracts/names.ts";
import { pacing } from "./contracts/queue.ts";
import { ConfigurationError } from "./errors.ts";
import { type Arming, parseFailpoints } from "./failpoints.ts";
import { LIMITS } from "./limits.ts";

const port = z.coerce.number().int().min(0).max(65_535);
const seconds = (min: number, max: number) => z.coerce.number().min(min).max(max);
const percent = z.coerce.number().min(0).max(100);
const flag = z.enum(["true", "false"]).transform((word) => word === "true");
const url = (...schemes: string[]) =>
  z.string().refine(
    (text) => {
      return URL.canParse(text) && schemes.includes(new URL(text).protocol.slice(0, -1));
    },
    `must be a URL that starts with ${schemes.map((scheme) => `${scheme}://`).join(" or ")}`,
  );

/** A rotation needs two at a time. */
const MOST_KEYS = 8;
/** Newest first: a new secret is put in front, and the old ones stay for as long as they matter. */
const rotatingSecrets = z
  .string()
  .transform((text) => text.split(",").map((secret) => secret.trim()))
  .pipe(
    z
      .array(z.string().min(32, "each key must have at least 32 characters"))
      .max(MOST_KEYS, `must be at most ${MOST_KEYS} keys, separated by commas`)
      .refine((keys) => new Set(keys).size === keys.length, "must not name a key twice"),
  );

/** Money here has two decimals; Stripe counts these currencies in other units. */
const OTHER_MINOR_UNITS: ReadonlySet<string> = new Set(
  "bif clp djf gnf huf isk jpy kmf krw mga pyg rwf twd ugx vnd vuv xaf xof xpf bhd jod kwd omr tnd".split(
    " ",
  ),
);

const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "[::1]" || /^127(\.\d+){3}$/.test(host);

const failpoints = z.string().transform((text, context): readonly Arming[] => {
  try {
    return parseFailpoints(text);
  } catch (error) {
    context.addIssue((error as Error).message);
    return z.NEVER;
  }
});

const schema = z.object({
  NODE_ENV: z.enum(["production", "development", "test"]).default("development"),
  LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).optional(),

  DATABASE_URL: url("postgresql", "postgres").optional(),
  DATABASE_POOL_SIZE: z.coerce.number().int().min(2).max(100).default(12),
  REDIS_URL: url("redis", "rediss").optional(),
  REDIS_CLUSTER: flag.default(false),
  NATS_URL: url("nats", "tls").optional(),
  BUS: z.enum(["direct", "jetstream"]).optional(),
  JETSTREAM_STORAGE: z.enum(["file", "memory"]).default("file"),
  JETSTREAM_REPLICAS: z.coerce.number().int().min(1).max(5).default(1),
  JETSTREAM_MAX_AGE_HOURS: z.coerce
    .number()
    .int()
    .min(1)
    .max(LIMITS.outboxKeepDays * 24)
    .default(LIMITS.outboxKeepDays * 24),
  JETSTREAM_MAX_BYTES: z.coerce.number().int().min(1_048_576).optional(),
  MAX_DELIVERIES: z.coerce.number().int().min(2).max(1_000).default(12),

  HTTP_HOST: z.string().min(1).default("127.0.0.1"),
  TICKET_PORT: port.default(DEFAULT_PORTS.ticket),
  ACCOUNT_PORT: port.default(DEFAULT_PORTS.account),
  PAYMENT_PORT: port.default(DEFAULT_PORTS.payment),
  QUEUE_PORT: port.default(DEFAULT_PORTS.queue),
  SAGA_PORT: port.default(DEFAULT_PORTS.saga),
  ACCOUNT_URL: url("http", "https").optional(),

  REQUEST_TIMEOUT_MS: z.coerce.number().int().min(100).max(60_000).default(5_000),
  SERVICE_CREDENTIAL: z.string().min(32, "must have at least 32 characters").optional(),
  ALLOW_TEST_ACCOUNTS: flag.optional(),
  QUEUE_TICKET_KEYS: rotatingSecrets.optional(),

  TOKEN_ISSUER: z.string().min(1).default("reservex"),
  TOKEN_AUDIENCE: z.string().min(1).default("reservex"),
  ACCESS_TOKEN_TTL_SECONDS: seconds(60, 604_800).default(86_400),
  REFRESH_TOKEN_TTL_SECONDS: seconds(300, 31_536_000).default(604_800),

  PERMITS_PER_MINUTE: z.coerce.number().int().min(1).max(LIMITS.permitsPerMinute).default(100),
  PASS_TTL_SECONDS: z.coerce.number().int().min(5).max(3_600).default(300),
  WAITING_TTL_SECONDS: seconds(60, 86_400).default(1_800),
  PACING: pacing.default("smooth"),
  JOIN_LEAD_SECONDS: seconds(0, 604_800).default(3_600),

  RESERVE_BATCH: z.coerce.number().int().min(1).max(LIMITS.batch).default(LIMITS.batch),
  ROUTE_BY_PRODUCT: flag.default(false),

  PAYMENT_DEADLINE_SECONDS: seconds(1, 3_600).default(60),
  SAGA_RETRY_SECONDS: seconds(0.1, 3_600).default(15),
  // Ids of reservations are trusted to have come into sight after twice the longest statement (15 s).
  HOLD_SECONDS: seconds(60, 86_400).optional(),

  PAYMENT_PROVIDER: z.enum(["simulated", "stripe"]).default("simulated"),
  PAYMENT_TIMEOUT_MS: z.coerce.number().int().min(10).max(120_000).default(10_000),
  PAYMENT_FAILURE_PERCENT: percent.default(0),
  PAYMENT_SILENT_PERCENT: percent.default(0),
  PAYMENT_LATE_PERCENT: percent.default(0),
  PAYMENT_LATE_MS: z.coerce.number().int().min(0).max(600_000).default(90_000),
  PAYMENT_MIN_LATENCY_MS: z.coerce.number().int().min(0).max(60_000).default(20),
  PAYMENT_MAX_LATENCY_MS: z.coerce.number().int().min(0).max(60_000).default(120),
  PAYMENT_SEED: z.coerce.number().int().min(0).max(2_147_483_647).default(1),

  STRIPE_SECRET_KEY: z
    .string()
    .regex(/^(sk|rk)_(test|live)_\S+$/, "must be a secret key: sk_test_…, sk_live_…, rk_…")
    .optional(),
  STRIPE_WEBHOOK_SECRET: z
    .string()
    .regex(/^whsec_\S+$/, "must be an endpoint's signing secret: whsec_…")
    .optional(),
  STRIPE_CURRENCY: z
    .string()
    .regex(/^[a-z]{3}$/, "must be a three-letter currency in lower case")
    .refine((code) => !OTHER_MINOR_UNITS.has(code), "must be a currency with two decimals")
    .default("eur"),
  STRIPE_PAYMENT_METHOD: z
    .string()
    .regex(/^pm_\w+$/, "must be a payment method: pm_…")
    .default("pm_card_visa"),
  STRIPE_API_BASE: url("https", "http")
    .refine((text) => new URL(text).pathname === "/", "must be a URL without a path")
    .refine(
      (text) => new URL(text).protocol === "https:" || isLoopback(new URL(text).hostname),
      "must start with https://, but for this machine itself",
    )
    .optional(),

  FAILPOINTS: failpoints.optional(),
  MUTANT: z
    .enum(MUTANT_NAMES, "is no sin that can be planted; see: reservex selftest --list")
    .optional(),
});

/** What the saga gets for its own ways out, restarts included, before seats are taken from it. */
const HOLD_MARGIN_SECONDS = 240;

type Environment = Readonly<Record<string, string | undefined>>;
type Settings = z.infer<typeof schema>;

/** The settings, with what follows from them filled in. */
export interface Config extends Settings {
  /** What carries the messages between services. */
  readonly bus: "direct" | "jetstream";
  /** True where no DATABASE_URL is given: PostgreSQL is started by us. */
  readonly embedded: boolean;
  readonly ports: Readonly<Record<ServiceName, number>>;
  readonly allowTestAccounts: boolean;
  /** How long seats are held for a booking that nobody ends. */
  readonly holdSeconds: number;
  readonly logLevel: NonNullable<Settings["LOG_LEVEL"]>;
}

/**
 * Reads and checks the settings.
 * @throws ConfigurationError naming the variable, what is wrong and what would fit.
 */
export function readConfig(environment: Environment = processEnvironment()): Config {
  const given = Object.fromEntries(
    // An empty value is an unset one: that is how shells and compose files leave things out.
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ""),
  );
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const name = String(issue.path[0]);
    throw new ConfigurationError(`${name}=${shown(name, given[name])}: ${issue.message}`);
  }
  return derive(parsed.data);
}

function derive(settings: Settings): Config {
  const production = settings.NODE_ENV === "production";
  const embedded = settings.DATABASE_URL === undefined;
  const allowTestAccounts = settings.ALLOW_TEST_ACCOUNTS ?? (embedded && !production);
  if (allowTestAccounts && production) {
    throw new ConfigurationError(
      "ALLOW_TEST_ACCOUNTS=true: not in production (NODE_ENV=production); unset one of the two",
    );
  }
  if (settings.FAILPOINTS && production) {
    throw new ConfigurationError(
      "FAILPOINTS: not in production (NODE_ENV=production); unset one of the two",
    );
  }
  if (settings.MUTANT && production) {
    throw new ConfigurationError(
      "MUTANT: a deliberate defect, not in production (NODE_ENV=production); unset one of the two",
    );
  }
  if (settings.PAYMENT_MIN_LATENCY_MS > settings.PAYMENT_MAX_LATENCY_MS) {
    throw new ConfigurationError(
      `PAYMENT_MIN_LATENCY_MS=${settings.PAYMENT_MIN_LATENCY_MS}: must not exceed PAYMENT_MAX_LATENCY_MS=${settings.PAYMENT_MAX_LATENCY_MS}`,
    );
  }
  const holdSeconds =
    settings.HOLD_SECONDS ?? settings.PAYMENT_DEADLINE_SECONDS + HOLD_MARGIN_SECONDS;
  if (holdSeconds <= settings.PAYMENT_DEADLINE_SECONDS) {
    throw new ConfigurationError(
      `HOLD_SECONDS=${holdSeconds}: must exceed PAYMENT_DEADLINE_SECONDS=${settings.PAYMENT_DEADLINE_SECONDS}`,
    );
  }
  checkProvider(settings);
  if (settings.BUS === "jetstream" && !settings.NATS_URL) {
    throw new ConfigurationError(
      "BUS=jetstream: needs NATS_URL, a NATS server that runs with --jetstream",
    );
  }
  return {
    ...settings,
    bus: settings.BUS ?? (settings.NATS_URL ? "jetstream" : "direct"),
    embedded,
    allowTestAccounts,
    holdSeconds,
    logLevel: settings.LOG_LEVEL ?? (embedded ? "warn" : "info"),
    ports: {
      ticket: settings.TICKET_PORT,
      account: settings.ACCOUNT_PORT,
      payment: settings.PAYMENT_PORT,
      queue: settings.QUEUE_PORT,
      saga: settings.SAGA_PORT,
    },
  };
}

/** Half a provider is none, and settings for the one that was not chosen are a mistake. */
function checkProvider(settings: Settings): void {
  const provider = settings.PAYMENT_PROVIDER;
  for (const name of ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"] as const) {
    if (provider === "stripe" && settings[name] === undefined) {
      throw new ConfigurationError(`PAYMENT_PROVIDER=stripe: needs ${name} too`);
    }
  }
  for (const name of ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_API_BASE"] as const) {
    if (provider !== "stripe" && settings[name] !== undefined) {
      throw new ConfigurationError(
        `${name} is set, but PAYMENT_PROVIDER=${provider}: set PAYMENT_PROVIDER=stripe or unset ${name}`,
      );
    }
  }
  for (const name of [
    "PAYMENT_FAILURE_PERCENT",
    "PAYMENT_SILENT_PERCENT",
    "PAYMENT_LATE_PERCENT",
  ] as const) {
    if (provider === "stripe" && settings[name] > 0) {
      throw new ConfigurationError(
        `${name}=${settings[name]}: is for the simulated provider; unset it or PAYMENT_PROVIDER=stripe`,
      );
    }
  }
  const live = settings.STRIPE_SECRET_KEY?.includes("_live_");
  if (live && settings.STRIPE_PAYMENT_METHOD.startsWith("pm_card_")) {
    throw new ConfigurationError(
      `STRIPE_PAYMENT_METHOD=${settings.STRIPE_PAYMENT_METHOD}: is for tests, and STRIPE_SECRET_KEY is a live key`,
    );
  }
}

/** Names and defaults, for the documentation and `--help`; a test holds the README to it. */
export function settingNames(): readonly string[] {
  return Object.keys(schema.shape);
}

/** The whole environment, for child processes and terminal questions. */
export function processEnvironment(): NodeJS.ProcessEnv {
  return process.env;
}

const SECRETS: ReadonlySet<string> = new Set([
  "SERVICE_CREDENTIAL",
  "QUEUE_TICKET_KEYS",
  "STRIPE_SECRET_KEY",
  "STRIPE_WEBHOOK_SECRET",
]);

/** Secrets do not go into error messages: neither credentials nor passwords inside URLs. */
function shown(name: string, value: unknown): string {
  if (SECRETS.has(name)) return "…";
  return String(value)
    .replace(/\/\/[^@/]*@/, "//…@")
    .slice(0, 100);
}
