/** The booking saga against a simulated world: whatever the order, both ends of it are sound. */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Message } from "../common/contracts/messages.ts";
import { ROUTES } from "../common/contracts/messages.ts";
import { type BookingEvent, type BookingState, decide, hasEnded } from "./booking-saga.ts";
import { eventOf, messageOf } from "./saga-messages.ts";
import { type Standing, stepOf } from "./step.ts";
import { type PaymentScript, SimulatedWorld } from "./testing/simulated-world.ts";

const BOOKING = { sagaId: "saga_1", reservationId: 1, userId: 1, amountCents: 4_990 };
const TIMETABLE = { paymentDeadlineSeconds: 60, retrySeconds: 15 };
/** More deadlines than this without an end: the saga would never end. */
const PATIENCE = 20;

type Decide = typeof decide;

/** The coordinator without its database: an inbox, one saga, and a bag of messages on their way. */
class Simulation {
  readonly world: SimulatedWorld;
  readonly #decide: Decide;
  readonly #inbox = new Set<string>();
  readonly bag: Message[] = [];
  standing: Standing | undefined;
  #sent = 0;
  #first: BookingEvent["type"] | undefined;

  constructor(script: PaymentScript, rules: Decide) {
    this.world = new SimulatedWorld(BOOKING, script);
    this.#decide = rules;
    this.bag.push(this.world.created());
  }

  get at(): BookingState["at"] | undefined {
    return this.standing?.state.at;
  }

  /** Handles one message of the bag; a lost one is rolled back, a kept one comes again. */
  deliver(index: number, fate: "once" | "twice" | "lost"): void {
    const [message] = this.bag.splice(index % this.bag.length, 1);
    if (!message) return;
    if (fate !== "once") this.bag.push(message);
    if (fate === "lost") return;
    if (ROUTES[message.type].consumer !== "saga") this.bag.push(...this.world.receive(message));
    else if (!this.#inbox.has(message.messageId)) this.#receive(message);
  }

  #receive(message: Message): void {
    const event = eventOf(message);
    if (!event) throw new Error(`${message.type} is misrouted`);
    if (this.apply(event)) this.#inbox.add(message.messageId);
    else this.bag.push(message);
  }

  /** False when it is too early for it. */
  apply(event: BookingEvent): boolean {
    const decision = this.#decide(this.standing?.state, event);
    if (decision.does === "notYet") return false;
    this.#first ??= event.type;
    const step = stepOf(this.standing, event, decision, TIMETABLE);
    this.standing = { state: step.to, attempts: step.attempts };
    for (const command of step.send) {
      this.#sent += 1;
      const messageId = `saga-${this.#sent}`;
      this.bag.push(messageOf(command, BOOKING, step.to, { messageId, occurredAt: "" }));
    }
    this.check();
    return true;
  }

  /** The coordinator's books are gone, and the commands it had not handed over with them. */
  loseBooks(keepsCommands: boolean): void {
    this.standing = undefined;
    this.#inbox.clear();
    if (keepsCommands) return;
    const kept = this.bag.filter(({ type }) => ROUTES[type].consumer === "saga");
    this.bag.splice(0, this.bag.length, ...kept);
  }

  /** The ticket service's own deadline: seats that nobody confirmed go back, and the saga hears it. */
  expireHold(): void {
    if (this.world.seat === "held") this.bag.push(...this.world.cancelled());
  }

  /** Like settle, for a saga that may never hear of its booking: some messages stay refused. */
  settleWithoutBooks(): void {
    for (let round = 0; round < PATIENCE; round += 1) {
      for (let sweeps = 0; sweeps < PATIENCE; sweeps += 1) {
        for (let left = this.bag.length; left > 0; left -= 1) this.deliver(0, "once");
      }
      this.bag.push(...this.world.lateAnswer());
      this.expireHold();
      this.passDeadline();
    }
  }

  passDeadline(): void {
    if (this.at && !hasEnded(this.at)) this.apply({ type: "deadlinePassed", waitedSeconds: 1 });
  }

  /** What holds after every single step. */
  check(): void {
    const { seat, charge, captures } = this.world;
    assert.ok(captures <= 1, "charged twice");
    if (this.at === "refunding" || this.at === "compensated") {
      assert.is(seat, "free", `${this.at} while the seat is ${seat}`);
    }
    if (this.at === "confirming" || this.at === "completed") {
      assert.is(charge, "captured", `${this.at} while the charge is ${charge}`);
    }
  }

  /** No more mischief: everything is delivered, and deadlines pass until nothing is left to do. */
  settle(): void {
    for (let deadlines = 0; deadlines < PATIENCE; deadlines += 1) {
      while (this.bag.length > 0) this.deliver(0, "once");
      this.bag.push(...this.world.lateAnswer());
      if (this.bag.length > 0) continue;
      if (this.at && hasEnded(this.at)) return;
      this.passDeadline();
    }
    throw new Error(`still ${this.at} after ${PATIENCE} deadlines`);
  }

  judge(): void {
    const { seat, charge, captures, refunds } = this.world;
    if (this.at === "completed") {
      assert.equal(
        { seat, charge, captures, refunds },
        {
          seat: "confirmed",
          charge: "captured",
          captures: 1,
          refunds: 0,
        },
      );
      return;
    }
    assert.is(this.at, "compensated");
    assert.is(seat, "free");
    assert.is(captures - refunds, 0, "money is not net zero");
    if (this.#first === "ReservationCancelled") assert.is(captures, 0, "charged for nothing");
  }
}

const move = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      does: fc.constant("deliver" as const),
      index: fc.nat(20),
      fate: fc.constantFrom("once" as const, "once" as const, "twice" as const, "lost" as const),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ does: "deadline" as const }) },
  { weight: 1, arbitrary: fc.constant({ does: "buyerCancels" as const }) },
  { weight: 1, arbitrary: fc.constant({ does: "operatorRetries" as const }) },
  { weight: 1, arbitrary: fc.constant({ does: "lateAnswer" as const }) },
);

type Move = typeof move extends fc.Arbitrary<infer M> ? M : never;

const script = fc.constantFrom<PaymentScript>(
  "captures",
  "declines",
  "silent",
  "mute",
  "late",
  "fickle",
);
const schedule = fc.array(move, { maxLength: 40, size: "max" });

function run(payment: PaymentScript, moves: readonly Move[], rules: Decide): Simulation {
  const simulation = new Simulation(payment, rules);
  play(simulation, moves);
  simulation.settle();
  simulation.judge();
  return simulation;
}

function play(simulation: Simulation, moves: readonly Move[]): void {
  for (const one of moves) {
    if (one.does === "deliver") simulation.deliver(one.index, one.fate);
    if (one.does === "deadline") simulation.passDeadline();
    if (one.does === "buyerCancels") simulation.bag.push(...simulation.world.cancelled());
    if (one.does === "operatorRetries" && simulation.at && !hasEnded(simulation.at)) {
      simulation.apply({ type: "retried" });
    }
    if (one.does === "lateAnswer") simulation.bag.push(...simulation.world.lateAnswer());
  }
}

test("every order, duplicate and loss ends paid and confirmed, or free and net zero", () => {
  fc.assert(
    fc.property(script, schedule, (payment, moves) => {
      run(payment, moves, decide);
    }),
    { numRuns: 20_000 },
  );
});

test("both ends and every state are reached by such schedules", () => {
  const ends = new Set<string | undefined>();
  const visited = new Set<string>();
  const watching: Decide = (state, event) => {
    visited.add(`${state?.at} ${state?.at === "cancelling" ? state.money : ""}`.trim());
    return decide(state, event);
  };
  fc.assert(
    fc.property(script, schedule, (payment, moves) => {
      ends.add(run(payment, moves, watching).at);
    }),
    { numRuns: 2_000, seed: 7 },
  );
  assert.equal([...ends].sort(), ["compensated", "completed"]);
  assert.equal([...visited].sort(), [
    "cancelling none",
    "cancelling open",
    "charging",
    "compensated",
    "completed",
    "confirming",
    "refunding",
    "undefined",
  ]);
});

/** Once it had begun to undo a booking, only its books know that: those are not to be lost. */
const UNDOING = ["cancelling", "refunding", "compensated"];

test("books lost before a booking is undone cost neither money nor seats", () => {
  const ends = new Set<string>();
  fc.assert(
    fc.property(script, schedule, schedule, fc.boolean(), (payment, before, after, keeps) => {
      const simulation = new Simulation(payment, decide);
      const { world } = simulation;
      play(simulation, before);
      if (world.seat === "free" || UNDOING.includes(simulation.at ?? "")) return;
      simulation.loseBooks(keeps);
      play(simulation, after);
      simulation.settleWithoutBooks();
      const kept = world.captures - world.refunds;
      ends.add(`${world.seat} ${kept}`);
      assert.is(kept, world.seat === "confirmed" ? 1 : 0, `${world.seat}, kept ${kept}`);
      assert.ok(world.seat !== "held", "held for ever");
    }),
    { numRuns: 3_000 },
  );
  assert.equal([...ends].sort(), ["confirmed 1", "free 0"]);
});

/** The sins of sagas, each as a change of the rules: the simulation must refuse every one. */
const DEFECTS: Record<string, Decide> = {
  "late money is kept": (state, event) =>
    state?.at === "compensated" ? { does: "stay", note: "" } : decide(state, event),
  "a timeout gives the seats back and forgets the money": (state, event) => {
    const decision = decide(state, event);
    if (state?.at !== "charging" || event.type !== "deadlinePassed") return decision;
    if (decision.does !== "go" || decision.to.at !== "cancelling") return decision;
    return { ...decision, to: { ...decision.to, money: "none" }, send: ["CancelReservation"] };
  },
  "a cancelled confirmed booking is not refunded": (state, event) =>
    state?.at === "completed" ? { does: "stay", note: "" } : decide(state, event),
  "the tombstone is overlooked": (state, event) => {
    const buried = state?.at === "compensated" || state?.at === "refunding";
    return decide(buried && event.type === "ReservationCreated" ? undefined : state, event);
  },
  "the refund is believed before it is answered": (state, event) => {
    const decision = decide(state, event);
    if (decision.does !== "go" || decision.to.at !== "refunding") return decision;
    return { ...decision, to: { at: "compensated", because: "" }, send: [] };
  },
  "a failed payment is confirmed all the same": (state, event) =>
    state?.at === "charging" && event.type === "PaymentFailed"
      ? { does: "go", to: { at: "confirming" }, send: ["ConfirmReservation"], note: "" }
      : decide(state, event),
  "nothing is done about silence": (state, event) =>
    event.type === "deadlinePassed" ? { does: "stay", note: "" } : decide(state, event),
};

for (const [name, rules] of Object.entries(DEFECTS)) {
  test(`such schedules find this defect: ${name}`, () => {
    const details = fc.check(
      fc.property(script, schedule, (payment, moves) => {
        run(payment, moves, rules);
      }),
      { numRuns: 20_000, seed: 7, endOnFailure: true },
    );
    assert.ok(details.failed, "nothing was found");
  });
}

test.run();
