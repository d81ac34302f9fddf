/** The queue service: waiting rooms, passes, the admission rate. */
import type { Context, ServiceSchema } from "moleculer";
import type { PassRedemption } from "../common/contracts/queue.ts";
import { EVENT_CHANGED, type EventForSale } from "../common/contracts/ticket.ts";
import { UnavailableError } from "../common/errors.ts";
import { type Edge, openEdge } from "../common/http/edge.ts";
import type { EdgeMetrics } from "../common/http/metrics.ts";
import { uuid } from "../common/ids.ts";
import { lifecycle } from "../common/lifecycle.ts";
import { RedisUnavailable } from "../common/redis.ts";
import { seam } from "../common/seams.ts";
import type { ServiceContext } from "../common/service-context.ts";
import { MemoryWaitingRoom } from "./memory/memory-waiting-room.ts";
import { queueRoutes } from "./queue.http.ts";
import { QueueTickets } from "./queue-ticket.ts";
import { openRedisWaitingRoom } from "./redis/redis-waiting-room.ts";
import { roomRulesOf } from "./room-rules.ts";
import { PositionStreams } from "./streams/position-streams.ts";
import type { Admitted, WaitingRoomStore } from "./waiting-room-store.ts";
import { WaitingRooms } from "./waiting-rooms.ts";

/** Seconds from a join to the pass. */
const WAIT_BUCKETS = [1, 5, 15, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600];

export function queueService(context: ServiceContext): ServiceSchema {
  let queue: Queue | undefined;
  const running = (): Queue => {
    if (!queue) throw new Error("the queue service has not started");
    return queue;
  };

  return {
    name: "queue",

    actions: {
      /** → RedeemAnswer */
      redeemPass: (ctx: Context<PassRedemption>) => running().rooms.redeem(ctx.params),
      /** Gives back what this key has spent, after a refused reservation. → Restored */
      restorePass: (ctx: Context<PassRedemption>) => running().rooms.restore(ctx.params),
    },

    events: {
      async [EVENT_CHANGED](ctx: Context<{ eventId: number }>) {
        await queue?.rooms.eventChanged(ctx.params.eventId);
      },
    },

    ...lifecycle(context.log, async (parts) => {
      const opened = new Queue(context, seam("queue.room", await openStore(context)));
      queue = opened;
      parts.opened(() => opened.close());
      const edge = await opened.open();
      parts.opened(() => edge.close());
      // Streams would keep the edge from closing.
      parts.opened(() => opened.streams.close());
      context.onListening("queue", edge.url);
    }),
  };
}

/** What runs between start and stop. */
class Queue {
  readonly #context: ServiceContext;
  readonly #store: WaitingRoomStore;
  readonly rooms: WaitingRooms;
  readonly streams: PositionStreams;
  /** Replaced once there are metrics to count in. */
  #count: (admitted: readonly Admitted[]) => void = () => undefined;

  constructor(context: ServiceContext, store: WaitingRoomStore) {
    const { config, clock, log, broker } = context;
    this.#context = context;
    this.#store = store;
    this.rooms = new WaitingRooms({
      store: this.#store,
      tickets: new QueueTickets(context.queueTicketKeys),
      joinLeadSeconds: config.JOIN_LEAD_SECONDS,
      askForSale: (eventId) =>
        broker.call<EventForSale, object>("ticket.eventForSale", { eventId }),
      onAdmitted: (eventId, admitted, elsewhere) => {
        this.#count(admitted);
        this.streams.wake(
          eventId,
          admitted.map(({ clientId }) => clientId),
        );
        this.streams.wake(eventId, elsewhere);
      },
      clock,
      log,
    });
    this.streams = new PositionStreams({ poll: this.rooms.poll.bind(this.rooms) });
  }

  async open(): Promise<Edge> {
    const { config, log, verifier, serviceCredential } = this.#context;
    const { rooms, streams } = this;
    const edge = await openEdge({
      service: "queue",
      description:
        "Waiting rooms: places in line, passes and the admission rate. Queue tickets are signed; one whose key is not, or no longer, known here is ignored.",
      host: config.HTTP_HOST,
      port: config.ports.queue,
      log,
      verifier,
      readiness: async () => ({ waitingRoom: await this.#store.answers() }),
      routes: (app) =>
        queueRoutes(app, { rooms, streams, verifier, serviceCredential, newKey: uuid }),
    });
    this.#measure(edge.metrics);
    return edge;
  }

  async close(): Promise<void> {
    await this.rooms.stop();
    await this.#store.close();
  }

  #measure(metrics: EdgeMetrics): void {
    const { rooms, streams } = this;
    const total = metrics.counter("queue_admitted_total", "Passes issued.");
    const waits = metrics.histogram(
      "queue_wait_seconds",
      "Time from joining the line to the pass.",
      WAIT_BUCKETS,
    );
    this.#count = (admitted) => {
      total.inc(admitted.length);
      for (const { waitedMs } of admitted) waits.observe(waitedMs / 1_000);
    };
    const gauge = (
      name: string,
      help: string,
      key: keyof Awaited<ReturnType<typeof rooms.totals>>,
    ) => metrics.gauge(name, help, async () => (await rooms.totals())[key]);
    gauge("queue_waiting", "Clients in line, present or not.", "waiting");
    gauge("queue_passes_live", "Passes neither spent nor expired.", "withPass");
    gauge("queue_abandoned", "Clients who left the line without a pass.", "abandoned");
    gauge(
      "queue_window_use",
      "Share of the last minute's permits used where clients wait.",
      "windowUse",
    );
    metrics.gauge("queue_streams", "Open event streams.", () => streams.size);
  }
}

async function openStore({ config, clock, log }: ServiceContext): Promise<WaitingRoomStore> {
  const rules = roomRulesOf(config);
  if (!config.REDIS_URL) return new MemoryWaitingRoom({ clock, ...rules });
  try {
    const { REDIS_URL: url, REDIS_CLUSTER: cluster } = config;
    return await openRedisWaitingRoom({ url, cluster, log, ...rules });
  } catch (error) {
    if (error instanceof RedisUnavailable)
      throw new UnavailableError(`REDIS_URL: ${error.message}`);
    throw error;
  }
}
