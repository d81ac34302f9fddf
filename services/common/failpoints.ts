/**
 * Named points at which a process can be made to fail on purpose: killed, held up, made to throw,
 * to lose an answer, to do a thing twice. Tests choose them by FAILPOINTS; production refuses that.
 * Where none is chosen, passing a point costs one comparison.
 */
import { writeSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import type { ServiceName } from "./contracts/names.ts";
import { LIMITS } from "./limits.ts";

export interface Failpoint {
  /** The services whose processes pass it. */
  readonly services: readonly ServiceName[];
  /** What the stores hold when a process dies here. */
  readonly onDisk: string;
  /** What becomes of it, and who sees to that. */
  readonly next: string;
}

const SENDERS = ["ticket", "payment", "saga"] as const;

/** Every point; the table "What happens on a crash" in services/README.md is these rows. */
export const FAILPOINTS = {
  "account.refresh.afterRotation": {
    services: ["account"],
    onDisk: "old refresh token spent, its successor stored, told to nobody",
    next: "the client's repetition counts as reuse: its family is revoked, and it logs in again",
  },
  "queue.join.afterEnqueue": {
    services: ["queue"],
    onDisk: "the client stands in line",
    next: "it joins again and keeps its place",
  },
  "queue.admit.afterIssue": {
    services: ["queue"],
    onDisk: "passes issued and counted, told to nobody",
    next: "the next poll, through whichever process, shows the pass",
  },
  "queue.redeem.afterSpend": {
    services: ["queue"],
    onDisk: "pass spent under its purchase's key",
    next: "the ticket service hears nothing and answers 503; the repetition with the same key opens the gate as a replay",
  },
  "ticket.reserve.afterRedeem": {
    services: ["ticket"],
    onDisk: "pass spent under its purchase's key, no reservation",
    next: "the client repeats with its key, and the pass opens for that key alone",
  },
  "ticket.reserve.beforeCommit": {
    services: ["ticket"],
    onDisk: "the same: nothing of the batch",
    next: "every buyer of the batch repeats with their key and is decided anew",
  },
  "ticket.reserve.afterCommit": {
    services: ["ticket"],
    onDisk: "reservations of a whole batch with their outbox rows, told to nobody",
    next: "the relay of another or the next process sends the messages; a repetition gets the same reservation",
  },
  "ticket.reserve.beforeAnswer": {
    services: ["ticket"],
    onDisk: "reservation and outbox row; perhaps already sent",
    next: "the same",
  },
  "ticket.reserve.beforeGiveBack": {
    services: ["ticket"],
    onDisk: "pass spent, purchase refused",
    next: "the repetition is refused again and gives the pass back; without one the pass is lost when it expires",
  },
  "ticket.cancel.beforeCommit": {
    services: ["ticket"],
    onDisk: "nothing of the buyer's cancellation: the transaction is rolled back",
    next: "the client cancels again",
  },
  "ticket.cancel.afterCommit": {
    services: ["ticket"],
    onDisk: "reservation cancelled, stock given back, outbox row",
    next: "the relay sends it and the saga brings the money back; the client's repetition is told INVALID_STATE",
  },
  "ticket.compensation.beforeCommit": {
    services: ["ticket"],
    onDisk: "event cancelled, this batch of reservations not",
    next: "any ticket process finds the event by its state and goes on",
  },
  "ticket.compensation.afterCommit": {
    services: ["ticket"],
    onDisk: "one batch cancelled with its messages, later ones not",
    next: "the same, from the next batch on",
  },
  "ticket.hold.afterRelease": {
    services: ["ticket"],
    onDisk:
      "seats that were held for too long are given back, with their messages; the sweep has not noted how far it came",
    next: "the next sweep of any process looks at them again, finds them cancelled and goes on; the relay sends the messages",
  },
  "relay.afterClaim": {
    services: SENDERS,
    onDisk: "outbox rows leased, nothing sent",
    next: "the lease (20 s) ends and another relay claims them",
  },
  "relay.afterPublish": {
    services: SENDERS,
    onDisk: "row unsent; the bus has the message, or its consumer has committed",
    next: "sent again after the lease; the inbox knows it",
  },
  "relay.beforeMark": {
    services: SENDERS,
    onDisk: "the same, for all that were handed over since the last mark",
    next: "the same",
  },
  "relay.afterMark": {
    services: SENDERS,
    onDisk: "rows marked as sent, and where JetStream has them",
    next: "they are followed until their consumer has handled them; a store that lost them is filled again",
  },
  "relay.follow.beforeCommit": {
    services: SENDERS,
    onDisk: "rows marked as sent; what became of their messages was asked and is not written down",
    next: "the next process asks again as soon as it starts",
  },
  "consumer.beforeHandling": {
    services: SENDERS,
    onDisk: "nothing of this message at its consumer",
    next: "nobody has acknowledged it: it comes again, from JetStream after 30 s",
  },
  "consumer.beforeAck": {
    services: SENDERS,
    onDisk: "inbox mark, effect and answer committed; the sender does not know",
    next: "it comes again after 30 s, the inbox knows it and nothing changes",
  },
  "saga.step.beforeCommit": {
    services: ["saga"],
    onDisk: "nothing of this step: the transaction is rolled back",
    next: "the message comes again and the step is decided anew",
  },
  "saga.step.afterCommit": {
    services: ["saga"],
    onDisk: "state, log, deadline, outbox rows",
    next: "the relay of another or the next process sends the commands",
  },
  "saga.deadline.beforeCommit": {
    services: ["saga"],
    onDisk: "the deadline, still passed",
    next: "deadlines are rows: the next look of any process finds it due",
  },
  "saga.deadline.afterCommit": {
    services: ["saga"],
    onDisk: "the step it led to, with its commands in the outbox",
    next: "the relay sends them",
  },
  "payment.charge.afterClaim": {
    services: ["payment"],
    onDisk: "payment PROCESSING under a lease; the provider has not been asked",
    next: "after the lease the provider is *asked* by the key first, has never heard of it, and is charged with the same key",
  },
  "payment.charge.afterAnswer": {
    services: ["payment"],
    onDisk: "payment PROCESSING; the provider has moved the money",
    next: "after the lease the provider is asked by the key and tells what it did: no second charge",
  },
  "payment.outcome.beforeCommit": {
    services: ["payment"],
    onDisk: "the same, for a whole batch of outcomes: the transaction is rolled back",
    next: "the same",
  },
  "payment.outcome.afterCommit": {
    services: ["payment"],
    onDisk: "outcome and its message in the outbox",
    next: "the relay sends it",
  },
} as const satisfies Readonly<Record<string, Failpoint>>;

export type FailpointName = keyof typeof FAILPOINTS;

export const failpointNames = Object.keys(FAILPOINTS) as readonly FailpointName[];

/** `lose`: whoever waits hears nothing. `duplicate`: the bus hands the message over once more. */
export type FailAction =
  | { readonly does: "kill" | "error" | "lose" | "duplicate" }
  | { readonly does: "pause"; readonly ms: number };

/** `at`: only the n-th time. `each`: every n-th time. */
export interface Arming {
  readonly point: FailpointName;
  readonly action: FailAction;
  readonly when: { readonly at: number } | { readonly each: number };
}

/** A message can be handed over twice only where the bus holds it. */
const DUPLICABLE: readonly FailpointName[] = ["relay.afterPublish", "consumer.beforeHandling"];
const LONGEST_PAUSE_MS = 60_000;

/**
 * Reads `point:action[@n|/n]`, comma separated: `ticket.reserve.afterCommit:kill@3`,
 * `consumer.beforeHandling:pause(200)/5`, `relay.afterPublish:error`.
 * @throws Error whose message says what would fit
 */
export function parseFailpoints(text: string): readonly Arming[] {
  return text.split(",").map((part) => {
    const match = /^([\w.]+):([a-z]+)(?:\((\d{1,5})\))?(?:([@/])([1-9]\d{0,5}))?$/.exec(
      part.trim(),
    );
    if (!match)
      throw new Error(`"${part.trim()}" must look like ticket.reserve.afterCommit:kill@3`);
    const [, name, does, ms, sign, count] = match;
    const point = failpointNames.find((known) => known === name);
    if (!point) throw new Error(`"${name}" is no failpoint; they are in services/README.md`);
    const number = Number(count ?? 1);
    const when = sign === "@" ? { at: number } : { each: number };
    return { point, when, action: actionOf(point, does!, ms) };
  });
}

function actionOf(point: FailpointName, does: string, ms: string | undefined): FailAction {
  switch (does) {
    case "pause":
      if (ms !== undefined && Number(ms) <= LONGEST_PAUSE_MS) return { does, ms: Number(ms) };
      throw new Error(`pause needs milliseconds up to ${LONGEST_PAUSE_MS}: pause(500)`);
    case "duplicate":
      if (DUPLICABLE.includes(point)) return { does };
      throw new Error(`duplicate is possible at ${DUPLICABLE.join(" and ")}`);
    case "kill":
    case "error":
    case "lose":
      return { does };
    default:
      throw new Error(`"${does}" is none of kill, pause(ms), error, lose, duplicate`);
  }
}

/** Thrown by `error`, and by `lose` once nobody waits any longer. */
export class FailpointReached extends Error {
  override readonly name = "FailpointReached";
}

let armed: readonly Arming[] | undefined;
const passed = new Map<Arming, number>();

/** Holds for this process from now on; undefined disarms. */
export function armFailpoints(armings: readonly Arming[] | undefined): void {
  armed = armings && armings.length > 0 ? armings : undefined;
  passed.clear();
}

/** Says that this point was reached. Resolves with "duplicate" where the bus should repeat itself. */
export function failpoint(name: FailpointName): Promise<"duplicate" | undefined> | undefined {
  return armed === undefined ? undefined : reach(name, armed);
}

async function reach(
  name: FailpointName,
  armings: readonly Arming[],
): Promise<"duplicate" | undefined> {
  let asked: "duplicate" | undefined;
  for (const arming of armings) {
    if (arming.point !== name || !isDue(arming)) continue;
    if ((await act(name, arming.action)) === "duplicate") asked = "duplicate";
  }
  return asked;
}

function isDue(arming: Arming): boolean {
  const times = (passed.get(arming) ?? 0) + 1;
  passed.set(arming, times);
  return "at" in arming.when ? times === arming.when.at : times % arming.when.each === 0;
}

async function act(name: FailpointName, action: FailAction): Promise<"duplicate" | undefined> {
  switch (action.does) {
    case "kill":
      // Written at once: there will be no later.
      writeSync(2, `failpoint ${name}: kill\n`);
      process.kill(process.pid, "SIGKILL");
      return new Promise(() => {});
    case "pause":
      await wait(action.ms);
      return undefined;
    case "error":
      throw new FailpointReached(`failpoint ${name}`);
    case "lose":
      await wait(LIMITS.requestMs);
      throw new FailpointReached(`failpoint ${name}: the answer was lost`);
    case "duplicate":
      return "duplicate";
  }
}
