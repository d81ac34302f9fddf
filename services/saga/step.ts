/** One step of a saga: a decision with its timetable, ready to be written down. Pure. */
import {
  type BookingEvent,
  type BookingState,
  type Command,
  type Decision,
  type EventType,
  hasEnded,
} from "./booking-saga.ts";

/** No pause between two questions grows beyond this, unless the first one is configured longer. */
const LONGEST_RETRY_SECONDS = 300;

/** Questions repeated in vain from which on a saga counts as overdue and is warned of. */
export const OVERDUE_ATTEMPTS = 3;

/** From the configuration. */
export interface Timetable {
  readonly paymentDeadlineSeconds: number;
  readonly retrySeconds: number;
}

/** keep: as it stands. none: the coordinator has nothing left to do by itself. */
export type Deadline = "keep" | "none" | { readonly inSeconds: number };

/** Where a saga stands before a step. */
export interface Standing {
  readonly state: BookingState;
  /** Questions repeated in this state. */
  readonly attempts: number;
}

export interface Step {
  readonly event: EventType;
  /** Undefined for a saga's first step. */
  readonly from: BookingState | undefined;
  readonly to: BookingState;
  readonly attempts: number;
  readonly deadline: Deadline;
  readonly send: readonly Command[];
  readonly note: string;
  /** state: a new one. attempts: a question was repeated. nothing: only the timeline grows. */
  readonly changes: "state" | "attempts" | "nothing";
}

type Taken = Exclude<Decision, { does: "notYet" }>;

/** `standing` is undefined for a saga that begins; its decision is then a `go`. */
export function stepOf(
  standing: Standing | undefined,
  event: BookingEvent,
  decision: Taken,
  timetable: Timetable,
): Step {
  const { note } = decision;
  const from = standing?.state;
  if (decision.does === "go") {
    const { to, send } = decision;
    const moved = to.at !== from?.at;
    // Other money in the same state: the seats are still waited for, on the same timetable.
    const attempts = moved ? 0 : (standing?.attempts ?? 0);
    const deadline = moved ? deadlineOnEntry(to, timetable) : "keep";
    return { event: event.type, from, to, attempts, deadline, send, note, changes: "state" };
  }
  if (!standing) throw new Error(`a saga cannot begin with "${decision.does}"`);
  const to = standing.state;
  if (decision.does === "stay") {
    const { attempts } = standing;
    const nothing = { deadline: "keep", send: [], changes: "nothing" } as const;
    return { event: event.type, from: to, to, attempts, note, ...nothing };
  }
  const attempts = standing.attempts + 1;
  // An operator's question comes on top: it neither delays the next one nor buys the buyer time.
  const deadline: Deadline =
    event.type === "retried" ? "keep" : { inSeconds: retrySeconds(attempts, timetable) };
  const { send } = decision;
  return { event: event.type, from: to, to, attempts, deadline, send, note, changes: "attempts" };
}

/** raised: with this step the saga became overdue. cleared: it was, and has moved on. */
export type Alarm = "raised" | "cleared" | "none";

/** `attemptsBefore`: questions repeated before the step; 0 for one that begins a saga. */
export function alarmOf(attemptsBefore: number, { attempts }: Pick<Step, "attempts">): Alarm {
  const was = attemptsBefore >= OVERDUE_ATTEMPTS;
  const is = attempts >= OVERDUE_ATTEMPTS;
  if (was === is) return "none";
  return is ? "raised" : "cleared";
}

/** Seconds until the next question, after `attempts` of them were repeated in vain. */
export function retrySeconds(attempts: number, timetable: Timetable): number {
  const longest = Math.max(LONGEST_RETRY_SECONDS, timetable.retrySeconds);
  return Math.min(longest, timetable.retrySeconds * 2 ** attempts);
}

function deadlineOnEntry({ at }: BookingState, timetable: Timetable): Deadline {
  if (hasEnded(at)) return "none";
  if (at === "charging") return { inSeconds: timetable.paymentDeadlineSeconds };
  return { inSeconds: retrySeconds(0, timetable) };
}

/** What several steps of one saga, taken one after the other, leave in its row. */
export function lasting(
  steps: readonly Step[],
): Pick<Step, "to" | "attempts" | "deadline" | "changes"> {
  const { to, attempts } = steps.at(-1)!;
  // The last word on the deadline stands, whatever kept it afterwards.
  const { deadline } = steps.findLast((step) => step.deadline !== "keep") ?? steps.at(-1)!;
  const made = steps.map((step) => step.changes);
  const changes = (["state", "attempts"] as const).find((kind) => made.includes(kind)) ?? "nothing";
  return { to, attempts, deadline, changes };
}
