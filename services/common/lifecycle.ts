/** How every service starts and stops: what was opened is closed again, last first, also after half a start. */
import { join } from "node:path";
import type { Config } from "./config.ts";
import { type Database, ensureDatabase, migrate, openDatabase } from "./database.ts";
import { UnavailableError } from "./errors.ts";
import { isUnreachable } from "./http/problems.ts";
import type { Log } from "./log.ts";
import type { ServiceContext } from "./service-context.ts";

/** What a service has opened so far. */
export interface Parts {
  /** Closes `part` when the service stops; a close that fails is logged and does not stop the others. */
  opened(close: () => Promise<unknown> | unknown): void;
}

/** The `started` and `stopped` of a Moleculer schema. */
export interface Lifecycle {
  started(): Promise<void>;
  stopped(): Promise<void>;
}

export function lifecycle(log: Log, start: (parts: Parts) => Promise<void>): Lifecycle {
  const closes: (() => Promise<unknown> | unknown)[] = [];
  const closeAll = async () => {
    for (const close of closes.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        log.warn({ err: error }, "a part did not close");
      }
    }
  };
  return {
    async started() {
      try {
        await start({ opened: (close) => closes.push(close) });
      } catch (error) {
        // Nobody is sure to stop a service that did not start.
        await closeAll();
        throw startFailure(error);
      }
    },
    stopped: closeAll,
  };
}

/** What a service stands on went away while it started: whoever starts it may try again. */
function startFailure(error: unknown): unknown {
  if (error instanceof UnavailableError || !isUnreachable(error)) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new UnavailableError(`a part this needs went away during the start: ${why}`);
}

const COMMON_SQL = join(import.meta.dirname, "sql");

export interface OwnDatabaseOptions {
  /** The service's folder of migrations. */
  readonly sql: string;
  /** Also the tables of outbox and inbox. */
  readonly messaging: boolean;
}

type DatabaseContext = Pick<ServiceContext, "databaseUrl"> & {
  readonly config: Pick<Config, "DATABASE_POOL_SIZE">;
};

/**
 * The service's own database, made and migrated as needed.
 * @throws UnavailableError when PostgreSQL cannot be reached
 */
export async function ownDatabase(
  { config, databaseUrl }: DatabaseContext,
  service: string,
  { sql, messaging }: OwnDatabaseOptions,
): Promise<Database> {
  const url = databaseUrl(service);
  await ensureDatabase(url);
  await migrate(url, messaging ? [COMMON_SQL, sql] : [sql]);
  return openDatabase({ url, poolSize: config.DATABASE_POOL_SIZE });
}
