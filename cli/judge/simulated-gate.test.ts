/** A simulated gate: an honest one is never accused, whatever clients do; a bad one is. */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { judgeFairness } from "./fairness.ts";
import { judgeRun } from "./judge.ts";
import { judgeLiveness } from "./liveness.ts";
import { judgePasses } from "./passes.ts";
import { judgeRate } from "./rate.ts";
import { BooksBuilder, QUEUE_EPOCH_MS, RunBuilder } from "./testing.ts";

type Fate = "heard" | "request-lost" | "answer-lost";

interface Visitor {
  readonly arrivesMs: number;
  /** Polls this many times, then closes the tab. */
  readonly patience: number;
  readonly fates: readonly Fate[];
  readonly latenessMs: number;
}

interface Waiting {
  readonly visitor: number;
  joined: boolean;
  lastSeenMs: number;
  toldSeconds: number;
  pass?: { readonly token: string; readonly atMs: number };
}

const TTL_SECONDS = 300;
const HORIZON_MS = 240_000;
const RUNS = 100;

/** honest: a permit every so often, for the first in line who has not missed a poll. */
type Manner = "honest" | "no-limit" | "head-only" | "absent-too" | "last-first";

class Gate {
  readonly line: Waiting[] = [];
  readonly #gapMs: number;
  readonly #manner: Manner;
  #nextMs = 0;

  constructor(gapMs: number, manner: Manner) {
    this.#gapMs = manner === "no-limit" ? gapMs / 3 : gapMs;
    this.#manner = manner;
  }

  /** Opens every permit that is due before `nowMs`; an unused one is lost. */
  advance(nowMs: number): void {
    for (; this.#nextMs < nowMs; this.#nextMs += this.#gapMs) {
      const next = this.#next(this.line.filter((one) => !one.pass));
      if (next) next.pass = { token: `pass_${next.visitor}`, atMs: this.#nextMs };
    }
  }

  #next(waiting: readonly Waiting[]): Waiting | undefined {
    const present = (one: Waiting) =>
      this.#nextMs <= one.lastSeenMs + (3 * one.toldSeconds + 5) * 1000;
    if (this.#manner === "last-first") return waiting.findLast(present);
    if (this.#manner === "absent-too") return waiting[0];
    if (this.#manner === "head-only") return waiting.slice(0, 1).find(present);
    return waiting.find(present);
  }
}

interface Sending {
  readonly atMs: number;
  readonly visitor: number;
  readonly attempt: number;
}

/** Plays the visitors against the gate, one request at a time per visitor, in order of time. */
function play(
  visitors: readonly Visitor[],
  gapMs: number,
  jitterMs: number,
  manner: Manner = "honest",
): RunBuilder {
  const products = [{ id: 1, name: "Seat", priceCents: 100, totalStock: 10_000, maxPerUser: 1 }];
  const run = new RunBuilder({ permitsPerMinute: 60_000 / gapMs, products });
  const gate = new Gate(gapMs, manner);
  const due: Sending[] = visitors.map((one, visitor) => ({
    atMs: one.arrivesMs,
    visitor,
    attempt: 0,
  }));
  for (;;) {
    due.sort((a, b) => a.atMs - b.atMs);
    const next = due.shift();
    if (!next || next.atMs > HORIZON_MS) break;
    const visitor = visitors[next.visitor];
    if (!visitor || next.attempt > visitor.patience) continue;
    const again = request(run, gate, visitor, next, jitterMs);
    if (again !== undefined) due.push({ ...next, atMs: again, attempt: next.attempt + 1 });
  }
  return run;
}

/** One join or poll; answers when the next is due, or nothing once the visitor is done. */
function request(
  run: RunBuilder,
  gate: Gate,
  visitor: Visitor,
  { atMs, visitor: client, attempt }: Sending,
  jitterMs: number,
): number | undefined {
  const fate = visitor.fates[attempt % visitor.fates.length] ?? "heard";
  const arrivesMs = atMs + jitterMs;
  let place = gate.line.find((one) => one.visitor === client);
  gate.advance(arrivesMs);
  if (fate !== "request-lost") {
    if (!place) {
      place = { visitor: client, joined: false, lastSeenMs: arrivesMs, toldSeconds: 1 };
      gate.line.push(place);
    }
    place.lastSeenMs = arrivesMs;
    const ahead = gate.line.filter((one) => !one.pass).indexOf(place);
    place.toldSeconds = Math.min(30, Math.max(1, Math.round(ahead / 4)));
  }
  const heard = fate === "heard";
  const first = !place?.joined;
  const lost = { outcome: "unknown", code: "TIMEOUT", tookMs: 2000 } as const;
  if (!heard) {
    if (first) run.join(client, atMs, lost);
    else run.poll(client, atMs, lost);
    return atMs + 2000 + visitor.latenessMs;
  }
  if (!place) return undefined;
  const told = { pollAfterSeconds: place.toldSeconds, tookMs: 2 * jitterMs };
  if (first) {
    run.join(client, atMs, told);
    place.joined = true;
  } else if (place.pass) {
    const endsMs = QUEUE_EPOCH_MS + place.pass.atMs + TTL_SECONDS * 1000;
    const passExpiresAt = new Date(endsMs).toISOString();
    run.poll(client, atMs, { ...told, pass: place.pass.token, passExpiresAt });
    const spend = { pass: place.pass.token, reservationId: client };
    run.reserve(client, atMs + 2 * jitterMs, spend);
    return undefined;
  } else run.poll(client, atMs, told);
  return atMs + 2 * jitterMs + place.toldSeconds * 1000 + visitor.latenessMs;
}

const fate = fc.constantFrom<Fate>(
  "heard",
  "heard",
  "heard",
  "heard",
  "request-lost",
  "answer-lost",
);
const visitor = fc.record({
  arrivesMs: fc.integer({ min: 0, max: 60_000 }),
  patience: fc.oneof(fc.constant(1000), fc.integer({ min: 0, max: 4 })),
  fates: fc.array(fate, { minLength: 1, maxLength: 9 }),
  latenessMs: fc.integer({ min: 0, max: 12_000 }),
});

test("no honest gate is accused of anything", () => {
  let concluded = 0;
  fc.assert(
    fc.property(
      fc.array(visitor, { minLength: 20, maxLength: 120 }),
      fc.constantFrom(600, 1000, 3000),
      fc.integer({ min: 1, max: 400 }),
      (visitors, gapMs, jitterMs) => {
        const run = play(visitors, gapMs, jitterMs);
        const history = run.history();
        const ledger = new BooksBuilder(run.sale).ledger();
        const liveness = judgeLiveness(history, ledger);
        if (liveness.because.includes("passes due")) concluded++;
        for (const verdict of [
          judgeRate(history),
          judgeFairness(history),
          judgePasses(history),
          liveness,
        ]) {
          const words = verdict.witnesses.map((one) => one.words).join("; ");
          assert.is.not(verdict.verdict, "broken", `${verdict.promise}: ${words}`);
        }
      },
    ),
    { numRuns: RUNS },
  );
  assert.ok(concluded > 0, "the judge of permits must have concluded something");
});

const SINS = [
  ["no-limit", "rate"],
  ["head-only", "liveness"],
  ["absent-too", "liveness"],
  ["last-first", "fairness"],
] as const;

for (const [manner, promise] of SINS) {
  test(`a gate that is ${manner} breaks ${promise}, and is caught within a few runs`, () => {
    // Answers arrive and polls are in time: what was never heard could excuse an idle permit.
    const steady = visitor.map((one) => ({ ...one, fates: ["heard"] as const, latenessMs: 0 }));
    const crowd = fc.array(steady, { minLength: 60, maxLength: 120 });
    const caught = fc.sample(crowd, { numRuns: 12, seed: 7 }).filter((visitors) => {
      const run = play(visitors, 3000, 20, manner);
      const ledger = new BooksBuilder(run.sale).ledger();
      return judgeRun(run.history(), ledger).verdicts.some(
        (one) => one.promise === promise && one.verdict === "broken",
      );
    });
    assert.ok(caught.length >= 6, `caught in ${caught.length} of 12 runs`);
  });
}

test.run();
