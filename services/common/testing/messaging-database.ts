/** A database with an outbox, an inbox and dead letters, made for one test file and dropped at its end. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import {
  type Database,
  ensureDatabase,
  migrate,
  openDatabase,
  withClient,
  withDatabase,
} from "../database.ts";
import { testDatabaseServer } from "./service-harness.ts";

export interface MessagingDatabase {
  readonly database: Database;
  readonly url: string;
  drop(): Promise<void>;
}

export async function messagingDatabase(
  purpose: string,
  poolSize: number,
): Promise<MessagingDatabase> {
  const name = `t_${purpose}_${randomUUID().slice(0, 8)}`;
  const url = withDatabase(testDatabaseServer(), name);
  await ensureDatabase(url);
  await migrate(url, [join(import.meta.dirname, "../sql")]);
  const database = await openDatabase({ url, poolSize });
  return {
    ...{ database, url },
    async drop() {
      await database.end();
      await withClient(testDatabaseServer(), (client) =>
        client.query(`drop database "${name}" with (force)`),
      );
    },
  };
}
