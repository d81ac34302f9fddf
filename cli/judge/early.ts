/**
 * What is certain while the run still goes on: fed operation by operation, it keeps only what can
 * still convict. All times are the tester's, and every doubt favours the server, so whatever it
 * says stays true at the end; the judges, who see the whole record, find this and more.
 */
import { WINDOW_MS } from "./admissions.ts";
import type { Op, PollOp, ReserveOp, StockSample } from "./history.ts";
import type { Verdict, Witness } from "./verdict.ts";
import { broken, MAX_WITNESSES } from "./verdict.ts";
import { seconds } from "./words.ts";

/** Clients there is room for at first. */
const FIRST_ROOM = 1_024;

interface Seen {
  readonly op: number;
  /** Issued no sooner. */
  readonly fromMs: number;
}

export class EarlyVerdicts {
  #limit: number;
  /** When each waiting client sent what was last answered "wait", or its join; NaN for never. */
  #waitingFromMs = new Float64Array(FIRST_ROOM).fill(Number.NaN);
  readonly #passes = new Set<string>();
  /** Passes that were surely issued within the last minute. */
  #lately: Seen[] = [];
  /** The purchase that each spent pass has made. */
  readonly #spent = new Map<string, ReserveOp>();
  readonly #rate: Witness[] = [];
  readonly #misused: Witness[] = [];
  readonly #stock: Witness[] = [];
  #looks = 0;

  constructor(permitsPerMinute: number) {
    this.#limit = permitsPerMinute;
  }

  /** Somebody changed it: from now on only more than the highest limit ever convicts. */
  limitChanged(permitsPerMinute: number): void {
    this.#limit = Math.max(this.#limit, permitsPerMinute);
  }

  take(op: Op): void {
    // A join that was never answered may have been heard.
    if (op.op === "join") this.#joined(op.client, op.invokedMs);
    if (op.outcome !== "ok") return;
    if (op.op === "poll") this.#polled(op);
    else if (op.op === "reserve") this.#reserved(op);
  }

  look({ atMs, products }: StockSample): void {
    this.#looks += 1;
    for (const { id, totalStock, availableStock, held } of products) {
      if (availableStock >= 0 && availableStock + held === totalStock) continue;
      const sums = `${availableStock} available + ${held} held, ${totalStock} in total`;
      const words = `product ${id} does not add up at ${seconds(atMs)} s: ${sums}`;
      note(this.#stock, { words, ops: [] });
    }
  }

  /** Broken promises alone: nothing else is certain before the end. */
  get verdicts(): readonly Verdict[] {
    const found: Verdict[] = [];
    const say = (promise: Verdict["promise"], witnesses: Witness[], checked: number) => {
      const [first] = witnesses;
      if (first) found.push(broken(promise, `certain already: ${first.words}`, checked, witnesses));
    };
    say("rate", this.#rate, this.#passes.size);
    say("passes", this.#misused, this.#spent.size);
    say("stock", this.#stock, this.#looks);
    return found;
  }

  #joined(client: number, invokedMs: number): void {
    const known = this.#waitingFromMs[client];
    if (known === undefined) this.#makeRoom(client);
    if (known === undefined || !(known <= invokedMs)) this.#waitingFromMs[client] = invokedMs;
  }

  #makeRoom(client: number): void {
    const before = this.#waitingFromMs;
    this.#waitingFromMs = new Float64Array(2 ** Math.ceil(Math.log2(client + 1))).fill(Number.NaN);
    this.#waitingFromMs.set(before);
  }

  #polled({ client, id, invokedMs, endedMs, pass }: PollOp): void {
    if (pass === undefined) {
      // Polls of one client may cross; only the latest sending counts.
      const known = this.#waitingFromMs[client];
      if (known === undefined) this.#makeRoom(client);
      if (known === undefined || !(known >= invokedMs)) this.#waitingFromMs[client] = invokedMs;
      return;
    }
    if (this.#passes.has(pass)) return;
    this.#passes.add(pass);
    const fromMs = this.#waitingFromMs[client];
    // Not seen joining or waiting: it may be as old as it likes.
    if (fromMs === undefined || Number.isNaN(fromMs)) return;
    this.#lately = this.#lately.filter((one) => endedMs - one.fromMs < WINDOW_MS);
    if (endedMs - fromMs >= WINDOW_MS) return;
    this.#lately.push({ op: id, fromMs });
    if (this.#lately.length <= this.#limit) return;
    const words =
      `${this.#lately.length} passes were issued within 60 s, seen by ${seconds(endedMs)} s; ` +
      `${this.#limit} are allowed`;
    note(this.#rate, { words, ops: [this.#lately[0]!.op, id] });
  }

  #reserved(op: ReserveOp): void {
    if (op.attack !== undefined && op.attack !== "spent-pass") {
      const words = `client ${op.client} bought with ${op.attack} at ${seconds(op.endedMs)} s`;
      note(this.#misused, { words, ops: [op.id] });
    }
    if (op.pass === undefined) return;
    const before = this.#spent.get(op.pass);
    if (before === undefined) this.#spent.set(op.pass, op);
    else if (before.client !== op.client || before.key !== op.key) {
      const words = `client ${op.client} bought at ${seconds(op.endedMs)} s with a spent pass`;
      note(this.#misused, { words, ops: [before.id, op.id] });
    }
  }
}

function note(witnesses: Witness[], witness: Witness): void {
  if (witnesses.length < MAX_WITNESSES) witnesses.push(witness);
}
