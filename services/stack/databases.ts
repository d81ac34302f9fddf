/** The PostgreSQL that services stand on: a given server, or one of our own on a data folder. */
import type { Config } from "../common/config.ts";
import type { ServiceName } from "../common/contracts/names.ts";
import { withDatabase } from "../common/database.ts";
import { UnavailableError } from "../common/errors.ts";
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from "../common/servers/embedded-postgres.ts";
import { ServerUnavailable } from "../common/servers/server-unavailable.ts";

/** The waiting room needs none. */
const NEEDS_DATABASE: ReadonlySet<ServiceName> = new Set(["account", "ticket", "payment", "saga"]);

/**
 * Whether these services run on a data folder of our own: only where no server is given, and only
 * for services that store anything there.
 */
export function needsPostgres(config: Config, services: readonly ServiceName[]): boolean {
  return config.embedded && services.some((name) => NEEDS_DATABASE.has(name));
}

/** Each service's own database on a server; `server` is the URL of any database there. */
export function databaseUrls(server: string | undefined): (service: string) => string {
  return (service) => {
    if (!server) throw new Error(`the ${service} service was started without a database`);
    return withDatabase(server, `reservex_${service}`);
  };
}

/**
 * Starts PostgreSQL on a data folder.
 * @throws UnavailableError in one line, like everything that is needed and not there
 */
export async function startPostgres(
  dataDir: string,
  how: { readonly durable: boolean; readonly log: (line: string) => void },
): Promise<EmbeddedPostgres> {
  try {
    return await startEmbeddedPostgres({ dataDir, ...how });
  } catch (error) {
    if (error instanceof ServerUnavailable) throw new UnavailableError(error.message);
    throw error;
  }
}
