/** The Moleculer broker's options, for every process that hosts services. */
import type { BrokerOptions } from "moleculer";
import { pino } from "pino";
import type { Config } from "./services/common/config.ts";
import {
  LocalTransporter,
  type LocalTransporterOptions,
} from "./services/common/local-transporter.ts";

/** What differs between processes. */
export interface BrokerIdentity {
  /** Unique in the cluster, for example "queue-4711". */
  readonly nodeId: string;
  /** Of an embedded stack: the socket by which a REPL joins it. */
  readonly local?: LocalTransporterOptions | undefined;
}

export function brokerOptions(config: Config, identity: BrokerIdentity): BrokerOptions {
  return {
    namespace: "reservex",
    nodeID: identity.nodeId,
    logger: {
      type: "Pino",
      options: {
        level: quieter(config.logLevel),
        pino: { options: { base: null }, destination: pino.destination({ fd: 2, sync: true }) },
      },
    },
    // Calls between services of one process never go through a transporter.
    transporter: transporterOf(config, identity),
    // 0, the default, would wait for ever when an answer is lost with a connection.
    requestTimeout: config.REQUEST_TIMEOUT_MS,
    // Off, also for single actions: Moleculer counts a timeout as retryable, and a timeout is
    // `unknown`. A blind repeat could book twice; whoever repeats does so with a key of its own.
    retryPolicy: { enabled: false },
    // A stop lets running requests end (up to 10 s) before services close; off by default.
    tracking: { enabled: true, shutdownTimeout: 10_000 },
    heartbeatInterval: 5,
    heartbeatTimeout: 15,
    // Parameters are checked at the HTTP edge and by message schemas; internal callers are typed.
    validator: false,
    // Signals are handled by the command that started us, which also stops PostgreSQL.
    skipProcessEventRegistration: true,
    // Each service has Prometheus metrics on its own port.
    metrics: { enabled: false },
    tracing: { enabled: false },
  };
}

function transporterOf(
  config: Config,
  { local }: BrokerIdentity,
): NonNullable<BrokerOptions["transporter"]> | null {
  if (config.NATS_URL) return { type: "NATS", options: { url: config.NATS_URL } };
  return local ? new LocalTransporter(local) : null;
}

/** Moleculer's own start-up chatter is for debugging. */
function quieter(level: Config["logLevel"]): "fatal" | "error" | "warn" | "debug" | "trace" {
  if (level === "silent") return "fatal";
  return level === "info" ? "warn" : level;
}
