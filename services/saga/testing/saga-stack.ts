/** The saga's service with stand-ins for its neighbours, as its integration tests start it. */
import { CONSUMERS } from "../../common/bus/jetstream/topology.ts";
import type { Saga } from "../../common/contracts/saga.ts";
import { withClient } from "../../common/database.ts";
import type { Log } from "../../common/log.ts";
import {
  eventually,
  type Harness,
  type HarnessOptions,
  startHarness,
} from "../../common/testing/service-harness.ts";
import { sagaService } from "../saga.service.ts";
import type { SimulatedWorld } from "./simulated-world.ts";
import { StandIns } from "./stand-ins.ts";

export interface SagaStack {
  readonly harness: Harness;
  readonly standIns: StandIns;
  /** An administrator's token. */
  readonly admin: string;
  saga(world: SimulatedWorld): Promise<Saga>;
  /** Waits until the booking's saga is in one of the states. */
  until(world: SimulatedWorld, ...states: readonly Saga["state"][]): Promise<Saga>;
  /** The value of a metric without labels of its own. */
  metric(name: string): Promise<number>;
  stop: Harness["stop"];
}

type Options = Omit<HarnessOptions, "services"> & {
  readonly standIns?: StandIns;
  /** Of the saga's service alone. */
  readonly log?: Log;
};

export async function startSagaStack(options: Options = {}): Promise<SagaStack> {
  const { standIns = new StandIns(), settings, log, ...rest } = options;
  const harness = await startHarness({
    ...rest,
    settings: { SAGA_RETRY_SECONDS: "0.2", ...settings },
    services: (context) => [
      sagaService({ ...context, log: log ?? context.log }),
      standIns.service(context),
    ],
  });
  const admin = await harness.token(1, "ADMIN");
  const saga = async ({ booking }: SimulatedWorld) => {
    const answer = await harness.http<Saga>("saga", `/api/sagas/${booking.sagaId}`, {
      token: admin,
    });
    return answer.body;
  };
  return {
    harness,
    standIns,
    admin,
    saga,
    until: (world, ...states) =>
      eventually(
        () => saga(world),
        ({ state }) => states.includes(state),
      ),
    async metric(name) {
      const { body } = await harness.http<string>("saga", "/metrics");
      const line = body.split("\n").find((one) => one.startsWith(`${name}{`));
      if (!line) throw new Error(`there is no metric ${name}`);
      return Number(line.split(" ").at(-1));
    },
    stop: (stopping) => harness.stop(stopping),
  };
}

/** "paid", "undone" or what is wrong: a booking's end in the world, beside its saga's. */
export function endOf({ seat, captures, refunds }: SimulatedWorld): string {
  if (seat === "confirmed" && captures === 1 && refunds === 0) return "paid";
  if (seat === "free" && captures === refunds) return "undone";
  return `seat ${seat}, captured ${captures} times, refunded ${refunds} times`;
}

/** A saga's path in words: "ReservationCreated: CHARGING". */
export function pathOf({ timeline }: Saga): readonly string[] {
  return timeline.map(({ event, to, sent }) => [`${event}: ${to}`, ...sent].join(" + "));
}

/** Messages that the coordinators have put into their outbox, and those they have handled. */
export function countMessages(url: string): Promise<{ sent: number; heard: number }> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ sent: number; heard: number }>(
      `select (select count(*) from outbox)::int as sent, (select count(*) from inbox)::int as heard`,
    );
    return rows[0]!;
  });
}

/**
 * No message is under way. One that moves from a place that is looked at next to one that was looked
 * at before is seen in neither: so each is looked at twice, and no saga may have heard anything
 * meanwhile.
 */
export async function isQuiet({ harness, standIns, metric }: SagaStack): Promise<boolean> {
  const url = harness.databaseUrl("saga");
  const before = await countMessages(url);
  for (const _look of [1, 2]) {
    if (standIns.unsent > 0 || (await metric("outbox_unsent")) > 0) return false;
    const waiting = await Promise.all(
      CONSUMERS.map((service) => harness.bus.figures?.waiting(service) ?? 0),
    );
    if (waiting.some((count) => count > 0)) return false;
  }
  const after = await countMessages(url);
  return after.sent === before.sent && after.heard === before.heard;
}
