/**
 * Applies messages, deadlines and operators' retries to sagas, many in one transaction that holds
 * their rows, so that several coordinators on one database decide everything exactly once.
 */
import { type Clock, instant } from "../common/clock.ts";
import type { Message } from "../common/contracts/messages.ts";
import { failpoint } from "../common/failpoints.ts";
import { type IdSource, newMessageId } from "../common/ids.ts";
import type { Log } from "../common/log.ts";
import { type BookingEvent, decide } from "./booking-saga.ts";
import type { SagaBooks, SagaTransaction } from "./saga-books.ts";
import { bookingOf, eventOf, messageOf } from "./saga-messages.ts";
import type { BookedStep } from "./saga-step-store.ts";
import type { Booking } from "./saga-store.ts";
import {
  type Alarm,
  alarmOf,
  OVERDUE_ATTEMPTS,
  type Standing,
  type Step,
  stepOf,
  type Timetable,
} from "./step.ts";

/** Sagas of one deadline transaction, which holds their rows. */
export const DEADLINE_BATCH = 50;

/** Makes the bus deliver a message again later: it overtook the one that begins its saga. */
export class NotYet extends Error {
  override readonly name = "NotYet";
}

/** Another transaction began a saga between our look and our insert; looked at again, it is there. */
class BegunMeanwhile extends Error {
  override readonly name = "BegunMeanwhile";
}

/** Each time another saga of the same messages must just have begun. */
const MOST_TRIES = 5;

export interface CoordinatorOptions {
  readonly books: SagaBooks;
  readonly clock: Clock;
  readonly ids?: IdSource;
  readonly log: Log;
  readonly timetable: Timetable;
  /** Others than the saga's own only where a simulation is to show that it would notice. */
  readonly rules?: typeof decide;
  /** Told once each step is committed: messages may lie in the outbox, counters may count. */
  readonly onStep: (step: Step) => void;
}

interface Taken extends BookedStep {
  readonly alarm: Alarm;
}

/** What a message tells of a booking. */
interface Letter {
  readonly messageId: string;
  readonly booking: Booking;
  readonly event: BookingEvent;
}

export type RetryOutcome =
  | { readonly outcome: "retried" }
  | { readonly outcome: "notFound" }
  | { readonly outcome: "ended"; readonly state: "completed" | "compensated" };

export class Coordinator {
  readonly #options: CoordinatorOptions;
  readonly #rules: typeof decide;
  readonly #working = new Set<Promise<unknown>>();
  #closed = false;

  constructor(options: CoordinatorOptions) {
    this.#options = options;
    this.#rules = options.rules ?? decide;
  }

  /**
   * Resolves when the effects of all these messages are committed, in one transaction; what was
   * handled before changes nothing. Rejects, having changed nothing, to get them again later.
   */
  handle(messages: readonly Message[]): Promise<void> {
    return this.#work(async () => {
      const letters = messages.map(letterOf);
      for (let tries = 1; ; tries += 1) {
        try {
          const taken = await this.#options.books.transaction(async (tx) => {
            const steps = await this.#receive(tx, letters);
            if (steps.length > 0) await failpoint("saga.step.beforeCommit");
            return steps;
          });
          await failpoint("saga.step.afterCommit");
          return this.#committed(taken);
        } catch (error) {
          if (!(error instanceof BegunMeanwhile) || tries === MOST_TRIES) throw error;
        }
      }
    });
  }

  /**
   * Acts for sagas whose deadline has passed and that no other coordinator is acting for.
   * @returns how many; fewer than {@link DEADLINE_BATCH} when none is left.
   */
  passDeadlines(): Promise<number> {
    return this.#work(async () => {
      const taken = await this.#options.books.transaction(async (tx) => {
        const due = await tx.lockDueSagas(DEADLINE_BATCH);
        const steps = due.map((saga) => {
          const { booking, waitedSeconds } = saga;
          return this.#decide(booking, saga, { type: "deadlinePassed", waitedSeconds });
        });
        const written = await this.#write(tx, steps);
        if (written.length > 0) await failpoint("saga.deadline.beforeCommit");
        return written;
      });
      if (taken.length > 0) await failpoint("saga.deadline.afterCommit");
      this.#committed(taken);
      return taken.length;
    });
  }

  /** Asks the question of the saga's state once more, at once. */
  retry(sagaId: string): Promise<RetryOutcome> {
    return this.#work(async () => {
      const result = await this.#options.books.transaction(async (tx) => {
        const [saga] = await tx.lockSagas([sagaId]);
        if (!saga) return { outcome: "notFound" } as const;
        const { at } = saga.state;
        if (at === "completed" || at === "compensated") {
          return { outcome: "ended", state: at } as const;
        }
        const step = this.#decide(saga.booking, saga, { type: "retried" });
        return { outcome: "retried", taken: await this.#write(tx, [step]) } as const;
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

  /** What messages do: each begins its saga, or takes it one step on, in the order given. */
  async #receive(tx: SagaTransaction, letters: readonly Letter[]): Promise<readonly Taken[]> {
    const fresh = new Set(await tx.firstTimes(letters.map(({ messageId }) => messageId)));
    // One that came twice in one batch is fresh once.
    const unread = letters.filter(({ messageId }) => fresh.delete(messageId));
    if (unread.length === 0) return [];
    const sagaIds = new Set(unread.map(({ booking }) => booking.sagaId));
    const held = await tx.lockSagas([...sagaIds]);
    const standings = new Map<string, Standing & { readonly booking: Booking }>(
      held.map((saga) => [saga.booking.sagaId, saga]),
    );
    const steps = unread.map((letter) => {
      const standing = standings.get(letter.booking.sagaId);
      const booking = standing?.booking ?? letter.booking;
      const taken = this.#decide(booking, standing, letter.event);
      const { to: state, attempts } = taken.step;
      standings.set(booking.sagaId, { booking, state, attempts });
      return taken;
    });
    return this.#write(tx, steps);
  }

  #decide(booking: Booking, standing: Standing | undefined, event: BookingEvent): Taken {
    const decision = this.#rules(standing?.state, event);
    if (decision.does === "notYet") {
      throw new NotYet(`${event.type} came before saga ${booking.sagaId} began`);
    }
    const step = stepOf(standing, event, decision, this.#options.timetable);
    return { booking, step, alarm: standing ? alarmOf(standing.attempts, step) : "none" };
  }

  async #write(tx: SagaTransaction, steps: readonly Taken[]): Promise<readonly Taken[]> {
    const [first, later] = [
      steps.filter(({ step }) => step.from === undefined),
      steps.filter(({ step }) => step.from !== undefined),
    ];
    if ((await tx.beginSagas(first)) < first.length) throw new BegunMeanwhile();
    await tx.recordSteps(later);
    await tx.putMessages(steps.flatMap(({ booking, step }) => this.#messages(booking, step)));
    return steps;
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

  /** One line when a saga becomes overdue, one when it is no longer: of all coordinators together. */
  #committed(taken: readonly Taken[]): void {
    const { onStep, log } = this.#options;
    for (const { booking, step, alarm } of taken) {
      onStep(step);
      const { event, to, attempts } = step;
      const about = { ...booking, state: to, attempts };
      if (alarm === "raised") log.error(about, "saga: overdue, asked several times in vain");
      else if (alarm === "cleared") log.error(about, "saga: no longer overdue, it has moved on");
      else if (event === "deadlinePassed" && attempts > OVERDUE_ATTEMPTS) {
        log.warn(about, "saga: still no answer, asked again");
      }
    }
  }
}

function letterOf(message: Message): Letter {
  const event = eventOf(message);
  if (!event) throw new Error(`${message.type} is not addressed to the saga`);
  return { messageId: message.messageId, booking: bookingOf(message), event };
}
