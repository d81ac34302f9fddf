/** A service's database on a PostgreSQL of its own, whose commits reach the disk before they are answered. */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Database,
  ensureDatabase,
  migrate,
  openDatabase,
} from "../../services/common/database.ts";
import {
  removeEmbeddedPostgres,
  startEmbeddedPostgres,
} from "../../services/common/servers/embedded-postgres.ts";

const SERVICES = join(import.meta.dirname, "..", "..", "services");

/** What a result says it was measured with. */
export const POSTGRES_SETTINGS =
  "18 embedded, fsync on, synchronous_commit on, full_page_writes on";

/** @param folders of `services/` whose `sql` makes the tables */
export async function startBenchDatabase(
  parts: AsyncDisposableStack,
  name: string,
  folders: readonly string[],
  poolSize: number,
): Promise<{ readonly url: string; readonly database: Database }> {
  const dataDir = await mkdtemp(join(tmpdir(), "reservex-bench-"));
  parts.defer(() => removeEmbeddedPostgres(dataDir));
  const server = await startEmbeddedPostgres({ dataDir, durable: true, log: () => {} });
  parts.defer(() => server.stop());
  const url = server.url(name);
  await ensureDatabase(url);
  const sql = folders.map((folder) => join(SERVICES, folder, "sql"));
  await migrate(url, sql);
  const database = await openDatabase({ url, poolSize });
  parts.defer(() => database.end());
  return { url, database };
}
