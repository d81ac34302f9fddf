/** The PostgreSQL that services stand on: a given server, or one of our own on a data folder. */
import { withDatabase } from "../common/database.ts";
import { UnavailableError } from "../common/errors.ts";
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from "../common/servers/embedded-postgres.ts";
import { ServerUnavailable } from "../common/servers/server-unavailable.ts";

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
