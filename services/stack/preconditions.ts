/** What is looked at before anything starts, so that a wrong setting leaves nothing half-started. */
import type { Config } from "../common/config.ts";
import { SERVICES, type ServiceName } from "../common/contracts/names.ts";
import { ConfigurationError, UnavailableError } from "../common/errors.ts";
import { lookAtNats } from "../common/servers/look-at-nats.ts";
import { isPortFree, whoHoldsPort } from "../common/servers/ports.ts";
import { needsPostgres } from "./databases.ts";

/** Services of other processes are out of reach without NATS, and would only answer 503. */
export function checkSubset(config: Config, services: readonly ServiceName[]): void {
  const missing = SERVICES.filter((name) => !services.includes(name));
  if (missing.length === 0 || config.NATS_URL) return;
  throw new ConfigurationError(
    `--services ${services.join(",")}: without ${missing.join(", ")} in the same process, services meet over NATS; set NATS_URL`,
  );
}

/**
 * A queue that keeps its line in Redis, so that it survives the process, needs keys that do so too.
 * On a data folder of our own one is kept there.
 */
export function checkTicketKeys(config: Config, services: readonly ServiceName[]): void {
  if (config.QUEUE_TICKET_KEYS || !services.includes("queue")) return;
  if (needsPostgres(config, services)) return;
  if (!config.REDIS_URL || config.NODE_ENV !== "production") return;
  throw new ConfigurationError(
    "QUEUE_TICKET_KEYS is not set: the queue processes of one REDIS_URL sign tickets with a key they share; make one with: openssl rand -hex 32",
  );
}

/** Two services on one port, or a port that is taken: named with its variable and its holder. */
export async function checkPorts(config: Config, services: readonly ServiceName[]): Promise<void> {
  const chosen = services.filter((name) => config.ports[name] !== 0);
  for (const name of chosen) {
    const twin = chosen.find(
      (other) => other !== name && config.ports[other] === config.ports[name],
    );
    if (!twin) continue;
    throw new ConfigurationError(
      `${portVariable(name)}=${config.ports[name]}: the ${twin} service has this port`,
    );
  }
  for (const name of chosen) {
    const port = config.ports[name];
    if (await isPortFree(port, config.HTTP_HOST)) continue;
    const holder = await whoHoldsPort(port);
    throw new UnavailableError(
      `port ${port} (${name}) is in use${holder ? ` by ${holder}` : ""}; free it or set ${portVariable(name)}`,
    );
  }
}

const portVariable = (name: ServiceName): string => `${name.toUpperCase()}_PORT`;

/** Moleculer would try for ever without a word. */
export async function checkNats(config: Config): Promise<void> {
  const { NATS_URL: url } = config;
  if (!url) return;
  const server = await lookAtNats(url);
  const where = new URL(url).host;
  if (server.outcome === "unreachable") {
    throw new UnavailableError(`NATS does not answer at NATS_URL (${where}): ${server.because}`);
  }
  if (config.bus === "direct" || server.jetStream) return;
  throw new ConfigurationError(
    `BUS=jetstream: the server at NATS_URL (${where}) runs without JetStream; start it with --jetstream --store_dir DIR, or set BUS=direct`,
  );
}
