/**
 * Applies messages, deadlines and operators' retries to sagas: each in one transaction that holds
 * the saga's row, so that several coordinators on one database decide everything exactly once.
 */
import { type Clock, instant } from "../common/clock.ts";
import type { Message } from "../common/contracts/messages.ts";
import { failpoint } from "../common/failpoints.ts";
import { type IdSource, newMessageId } from "../common/ids.ts";
import type { Log } from "../common/log.ts";
import { type BookingEvent, decide, hasEnded } from "./booking-saga.ts";
import type { SagaBooks, SagaTransaction } from "./saga-books.ts";
import { bookingOf, eventOf, messageOf } from "./saga-messages.ts";
import type { Booking, LockedSaga } from "./saga-store.ts";
import { type Step, stepOf, type Timetable } from "./step.ts";

/** Questions repeated in vain from which on a saga counts as overdue and is warned of. */
export const OVERDUE_ATTEMPTS = 3;

/** Sagas of one deadline transaction: about one statement each, so it stays far below a second. */
export const DEADLINE_BATCH = 50;

/** Makes the bus deliver a message again later: it overtook the one that begins its saga. */
export class NotYet extends Error {
  override readonly name = "NotYet";
}

export interface CoordinatorOptions {
  readonly books: SagaBooks;
  readonly clock: Clock;
  readonly ids?: IdSource;
  readonly log: Log;
  readonly timetable: Timetable;
  /** Told once each step is committed: messages may lie in the outbox, counters may count. */
  readonly onStep: (step: Step) => void;
}

/** A step and the booking it was taken for. */
interface Taken {
  readonly booking: Booking;
  readonly step: Step;
}

export type RetryOutcome =
  | { readonly outcome: "retried" }
  | { readonly outcome: "notFound" }
  | { readonly outcome: "ended"; readonly state: "completed" | "compensated" };

export class Coordinator {
  readonly #options: CoordinatorOptions;
  readonly #working = new Set<Promise<unknown>>();
  #closed = false;

  constructor(options: CoordinatorOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the message's effects are committed, also when it was handled before.
   * Rejects, having changed nothing, to get it again later.
   */
  handle(message: Message): Promise<void> {
    return this.#work(async () => {
      const event = eventOf(message);
      if (!event) throw new Error(`${message.type} is not addressed to the saga`);
      const taken = await this.#options.books.transaction(async (tx) => {
        if (!(await tx.firstTime(message.messageId))) return undefined;
        const step = await this.#receive(tx, bookingOf(message), event);
        await failpoint("saga.step.beforeCommit");
        return step;
      });
      await failpoint("saga.step.afterCommit");
      if (taken) this.#committed(taken);
    });
  }

  /**
   * Acts for sagas whose deadline has passed and that no other coordinator is acting for.
   * @returns how many; fewer than {@link DEADLINE_BATCH} when none is left.
   */
  passDeadlines(): Promise<number> {
    return this.#work(async () => {
      const all = await this.#options.books.transaction(async (tx) => {
        const due = await tx.lockDueSagas(DEADLINE_BATCH);
        const taken: Taken[] = [];
        for (const saga of due) {
          const { waitedSeconds } = saga;
          taken.push(await this.#advance(tx, saga, { type: "deadlinePassed", waitedSeconds }));
        }
        if (taken.length > 0) await failpoint("saga.deadline.beforeCommit");
        return taken;
      });
      if (all.length > 0) await failpoint("saga.deadline.afterCommit");
      for (const taken of all) this.#committed(taken);
      return all.length;
    });
  }

  /** Asks the question of the saga's state once more, at once. */
  retry(sagaId: string): Promise<RetryOutcome> {
    return this.#work(async () => {
      const result = await this.#options.books.transaction(async (tx) => {
        const saga = await tx.lockSaga(sagaId);
        if (!saga) return { outcome: "notFound" } as const;
        const { at } = saga.state;
        if (at === "completed" || at === "compensated") {
          return { outcome: "ended", state: at } as const;
        }
        const taken = await this.#advance(tx, saga, { type: "retried" });
        return { outcome: "retried", taken } as const;
      });
      if (result.outcome !== "retried") return result;
      this.#committed(result.taken);
      return { outcome: "retried" };
    });
  }

  /** Refuses new work and waits for what has begun. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#working);
  }

  async #work<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new Error("this coordinator is closing");
    const working = work();
    this.#working.add(working);
    try {
      return await working;
    } finally {
      this.#working.delete(working);
    }
  }

  /** What a message does: begins the saga, or takes it one step on. */
  async #receive(tx: SagaTransaction, booking: Booking, event: BookingEvent): Promise<Taken> {
    const { sagaId } = booking;
    const saga = await tx.lockSaga(sagaId);
    if (saga) return this.#advance(tx, saga, event);
    const decision = decide(undefined, event);
    if (decision.does === "notYet") {
      throw new NotYet(`${event.type} came before saga ${sagaId} began`);
    }
    const step = stepOf(undefined, event, decision, this.#options.timetable);
    if (await tx.beginSaga(booking, step)) {
      await tx.putMessages(this.#messages(booking, step));
      return { booking, step };
    }
    // Another message began the saga between our look and our insert, which waited for its commit.
    const begun = await tx.lockSaga(sagaId);
    if (!begun) throw new NotYet(`saga ${sagaId} is just beginning`);
    return this.#advance(tx, begun, event);
  }

  async #advance(tx: SagaTransaction, saga: LockedSaga, event: BookingEvent): Promise<Taken> {
    const { booking } = saga;
    const decision = decide(saga.state, event);
    if (decision.does === "notYet") throw new NotYet(`${event.type} for ${booking.sagaId}`);
    const step = stepOf(saga, event, decision, this.#options.timetable);
    await tx.recordStep(booking.sagaId, step);
    await tx.putMessages(this.#messages(booking, step));
    return { booking, step };
  }

  #messages(booking: Booking, step: Step): readonly Message[] {
    const occurredAt = instant(this.#options.clock.now());
    return step.send.map((command) =>
      messageOf(command, booking, step.to, {
        messageId: newMessageId(this.#options.ids),
        occurredAt,
      }),
    );
  }

  #committed({ booking, step }: Taken): void {
    this.#options.onStep(step);
    if (step.event !== "deadlinePassed" || hasEnded(step.to.at)) return;
    if (step.attempts < OVERDUE_ATTEMPTS) return;
    this.#options.log.warn(
      { ...booking, state: step.to, attempts: step.attempts },
      "saga: still no answer, asked again",
    );
  }
}
