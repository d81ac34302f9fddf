/**
 * A transactional store in memory with what our statements rely on in PostgreSQL: READ COMMITTED, row
 * locks that are waited for or skipped, unique keys that wait for whoever is writing them, deadlocks
 * that are found. What is committed survives a crash; a dead process' transactions are rolled back.
 */
import type { Faults } from "./faults.ts";
import type { Life, VirtualTime } from "./virtual-time.ts";

type Key = string | number;

interface Lock {
  owner: Tx;
  readonly waiting: { readonly tx: Tx; readonly resolve: () => void }[];
}

export class Table<Row> {
  readonly name: string;
  readonly rows = new Map<Key, Row>();
  readonly locks = new Map<Key, Lock>();
  /** Keys of the rows that a partial index would hold. */
  readonly open = new Set<Key>();
  readonly #index: { holds(row: Row): boolean };

  constructor(name: string, holds: (row: Row) => boolean = () => false) {
    this.name = name;
    this.#index = { holds };
  }

  /** A committed row. */
  put(key: Key, row: Row): void {
    this.rows.set(key, row);
    if (this.#index.holds(row)) this.open.add(key);
    else this.open.delete(key);
  }
}

/** As the driver's errors look to `nothingCommitted`. */
export class StatementFailed extends Error {
  readonly severity = "ERROR";
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
class ConnectionError extends Error {}
class ConnectionCut extends Error {}

const DEADLOCK = "40P01";
const RETRIES = 3;

export class Tx {
  readonly database: SimulatedDatabase;
  readonly life: Life;
  /** now() */
  readonly beganAtMs: number;
  readonly writes = new Map<Table<unknown>, Map<Key, unknown>>();
  readonly held: (readonly [Table<unknown>, Key])[] = [];
  /** The messages of which this transaction is the handling. */
  handles: readonly string[] = [];
  waitsFor: Lock | undefined;
  state: "open" | "committed" | "rolledBack" = "open";

  constructor(database: SimulatedDatabase, life: Life) {
    this.database = database;
    this.life = life;
    this.beganAtMs = database.time.epochMs;
  }

  /** Before each statement: what the network and the server make of it. */
  statement(): Promise<void> | undefined {
    const { faults, time, name } = this.database;
    if (faults.strikes("statementFails", time.nowMs, name)) {
      throw new StatementFailed("57014", "canceling statement due to statement timeout");
    }
    return this.database.pause(this.life);
  }

  read<Row>(table: Table<Row>, key: Key): Row | undefined {
    const written = this.writes.get(table);
    if (written?.has(key)) return written.get(key) as Row | undefined;
    return table.rows.get(key);
  }

  /** Waits for whoever holds it. Undefined: had at once. */
  lock(table: Table<unknown>, key: Key): Promise<void> | undefined {
    const lock = table.locks.get(key);
    if (!lock) {
      this.#take(table, key);
      return undefined;
    }
    if (lock.owner === this) return undefined;
    for (let other: Tx | undefined = lock.owner; other; other = other.waitsFor?.owner) {
      if (other === this) throw new StatementFailed(DEADLOCK, "deadlock detected");
    }
    this.waitsFor = lock;
    return new Promise((resolve) => lock.waiting.push({ tx: this, resolve }));
  }

  /** `skip locked` */
  tryLock(table: Table<unknown>, key: Key): boolean {
    const lock = table.locks.get(key);
    if (!lock) this.#take(table, key);
    return !lock || lock.owner === this;
  }

  /** The row must be locked. */
  write<Row>(table: Table<Row>, key: Key, row: Row): void {
    const written = this.writes.get(table);
    if (written) written.set(key, row);
    else this.writes.set(table, new Map<Key, unknown>([[key, row]]));
  }

  #take(table: Table<unknown>, key: Key): void {
    table.locks.set(key, { owner: this, waiting: [] });
    this.held.push([table, key]);
  }

  /** Gives every lock to the first who waits for it. */
  release(): void {
    for (const [table, key] of this.held) {
      const lock = table.locks.get(key)!;
      const next = lock.waiting.shift();
      if (!next) {
        table.locks.delete(key);
        continue;
      }
      lock.owner = next.tx;
      next.tx.waitsFor = undefined;
      next.tx.held.push([table, key]);
      next.resolve();
    }
    this.held.length = 0;
  }

  rollBack(): void {
    this.abandon();
    this.release();
  }

  /** Waits for nothing any more: whoever releases a lock must not wake the dead. */
  abandon(): void {
    if (this.state !== "open") return;
    this.state = "rolledBack";
    if (!this.waitsFor) return;
    const { waiting } = this.waitsFor;
    const at = waiting.findIndex((one) => one.tx === this);
    if (at >= 0) waiting.splice(at, 1);
  }
}

export class SimulatedDatabase {
  readonly name: string;
  readonly time: VirtualTime;
  readonly faults: Faults;
  /** Told of each commit, when it has happened. */
  onCommit: (tx: Tx) => void = () => {};
  readonly #open = new Set<Tx>();

  constructor(name: string, time: VirtualTime, faults: Faults) {
    this.name = name;
    this.time = time;
    this.faults = faults;
  }

  pause(life: Life): Promise<void> | undefined {
    const { faults, time } = this;
    if (!faults.strikes("slowStatement", time.nowMs, this.name)) return undefined;
    return time.wait(life, faults.extent("slowStatement", 1, 400));
  }

  async transaction<T>(life: Life, work: (tx: Tx) => Promise<T>): Promise<T> {
    const { faults, time } = this;
    if (faults.strikes("databaseAway", time.nowMs, this.name)) {
      throw new ConnectionError("no connection");
    }
    for (let tries = 0; ; tries++) {
      const tx = new Tx(this, life);
      this.#open.add(tx);
      try {
        const result = await work(tx);
        await this.#commit(tx);
        return result;
      } catch (error) {
        tx.rollBack();
        this.#open.delete(tx);
        if (tries >= RETRIES || (error as { code?: unknown }).code !== DEADLOCK) throw error;
      }
    }
  }

  async #commit(tx: Tx): Promise<void> {
    const { faults, time } = this;
    const before = this.pause(tx.life);
    if (before) await before;
    if (faults.strikes("cutBeforeCommit", time.nowMs, this.name)) {
      throw new ConnectionCut("Connection terminated unexpectedly");
    }
    if (tx.state !== "open") throw new Error("a transaction of the dead is committed");
    tx.state = "committed";
    for (const [table, written] of tx.writes) {
      for (const [key, row] of written) table.put(key, row);
    }
    this.#open.delete(tx);
    this.onCommit(tx);
    tx.release();
    if (faults.strikes("cutAfterCommit", time.nowMs, this.name)) {
      throw new ConnectionCut("Connection terminated unexpectedly");
    }
    const after = this.pause(tx.life);
    if (after) await after;
  }

  /** The server notices that a process is gone. */
  dropConnections(life: Life): void {
    const dead = [...this.#open].filter((tx) => tx.life === life);
    for (const tx of dead) tx.abandon();
    for (const tx of dead) {
      tx.release();
      this.#open.delete(tx);
    }
  }
}
