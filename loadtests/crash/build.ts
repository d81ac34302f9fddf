/** The builds that the harness can torment: which processes they have and how each is started. */
import { join } from "node:path";
import { type FailpointName, failpointNames } from "../../services/common/failpoints.ts";

export interface Role {
  readonly service: string;
  readonly count: number;
  /** Arguments of node. */
  readonly args: readonly string[];
}

export interface Build {
  readonly name: "reservex" | "naive";
  readonly roles: readonly Role[];
  /** Where its processes can be made to die. */
  readonly points: readonly FailpointName[];
}

const MAIN = join(import.meta.dirname, "..", "..", "cli", "main.ts");
const up = (service: string, count: number): Role => ({
  service,
  count,
  args: [MAIN, "up", "--json", "--services", service],
});

/** Holds run out after a minute at the soonest; `hold-expiry.int.test.ts` fails there. */
const TAKES_MINUTES: readonly FailpointName[] = ["ticket.hold.afterRelease"];

/** As it is run for real: `reservex up`, a process a service, two where orders are kept apart. */
export const RESERVEX: Build = {
  name: "reservex",
  roles: [up("account", 1), up("queue", 2), up("ticket", 2), up("payment", 2), up("saga", 2)],
  points: failpointNames.filter((name) => !TAKES_MINUTES.includes(name)),
};

const NAIVE_PROCESS = join(import.meta.dirname, "naive", "naive-process.ts");
const naive = (service: string, count: number): Role => ({
  service,
  count,
  args: [NAIVE_PROCESS, service],
});

/**
 * What people write: transactions, locks, a durable stream with acknowledgements; no outbox, no
 * inbox, no idempotency keys, no saga. Queue and account are the honest ones.
 */
export const NAIVE: Build = {
  name: "naive",
  roles: [up("account", 1), up("queue", 2), naive("ticket", 2), naive("payment", 2)],
  points: [
    "account.refresh.afterRotation",
    "queue.join.afterEnqueue",
    "queue.admit.afterIssue",
    "queue.redeem.afterSpend",
    "ticket.reserve.afterCommit",
    "ticket.reserve.beforeAnswer",
    "ticket.cancel.afterCommit",
    "consumer.beforeHandling",
    "consumer.beforeAck",
    "payment.charge.afterAnswer",
    "payment.outcome.afterCommit",
  ],
};
