/** A socket of its own for each client, from its first request to its end. */
import type { Connection, WireJob } from "./http-connection.ts";

export interface OwnSocketOptions<J> {
  /** Whose job it is. */
  readonly clientOf: (job: J) => number;
  /** Where a client's socket comes from; the system's choice without. */
  readonly addressOf: (client: number) => string | undefined;
}

/** Which connection is whose, and which of them are at work. */
export class OwnSockets<J extends WireJob> {
  readonly #open: (client: number) => Connection<J>;
  readonly #of = new Map<number, Connection<J>>();
  readonly #busy = new Set<Connection<J>>();
  /** Their clients have ended while they were at work. */
  readonly #leaving = new Set<Connection<J>>();

  constructor(open: (client: number) => Connection<J>) {
    this.#open = open;
  }

  get size(): number {
    return this.#of.size + this.#leaving.size;
  }

  /** The client's connection, at work from now on; undefined while it carries another request. */
  take(client: number): Connection<J> | undefined {
    let connection = this.#of.get(client);
    if (connection === undefined) {
      connection = this.#open(client);
      this.#of.set(client, connection);
    }
    if (this.#busy.has(connection)) return undefined;
    this.#busy.add(connection);
    return connection;
  }

  /** False for a connection that is nobody's own. */
  free(connection: Connection<J>): boolean {
    if (!this.#busy.delete(connection)) return false;
    if (this.#leaving.delete(connection)) connection.destroy();
    return true;
  }

  /** The client is gone: its socket closes, at once or after its answer. */
  release(client: number): void {
    const connection = this.#of.get(client);
    if (connection === undefined) return;
    this.#of.delete(client);
    if (this.#busy.has(connection)) this.#leaving.add(connection);
    else connection.destroy();
  }

  /** Those at work may be late. */
  cutIfBegunBefore(ms: number): void {
    for (const connection of this.#busy) connection.cutIfBegunBefore(ms);
  }

  close(): void {
    for (const connection of this.#of.values()) connection.destroy();
    for (const connection of this.#leaving) connection.destroy();
  }
}
