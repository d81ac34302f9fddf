/** The queue service's work: joining, polling, leaving, passes and settings, over any store. */

import { Batcher } from "../common/batcher.ts";
import type { Clock } from "../common/clock.ts";
import type {
  Journal,
  JournalQuery,
  PassRedemption,
  Place,
  RedeemAnswer,
  Settings,
  SettingsChange,
  Stats,
} from "../common/contracts/queue.ts";
import type { EventForSale } from "../common/contracts/ticket.ts";
import { failpoint } from "../common/failpoints.ts";
import type { Log } from "../common/log.ts";
import type { Timers } from "../common/timers.ts";
import type { Sale } from "./admission.ts";
import { AdmissionLoop, type AdmissionLoopOptions } from "./admission-loop.ts";
import { habitOf } from "./advice.ts";
import { EventSales } from "./event-sales.ts";
import { LastAnswers } from "./last-answers.ts";
import type { QueueTickets } from "./queue-ticket.ts";
import { userKeyOf } from "./replies.ts";
import {
  type ClientRef,
  type Joined,
  type Left,
  type PlaceInLine,
  type Poll,
  type Polled,
  type Redemption,
  type Restored,
  StoreUnavailable,
  type WaitingRoomStore,
} from "./waiting-room-store.ts";

/** Items of one call of the store; a batch is atomic, so nobody else is served meanwhile. */
const LARGEST_BATCH = 64;
/** Events whose numbers this process reports. */
const MOST_REPORTED = 1_000;

export interface WaitingRoomsOptions {
  readonly store: WaitingRoomStore;
  readonly tickets: QueueTickets;
  readonly joinLeadSeconds: number;
  /** Action `ticket.eventForSale`. */
  readonly askForSale: (eventId: number) => Promise<EventForSale>;
  readonly onAdmitted: AdmissionLoopOptions["onAdmitted"];
  readonly clock: Clock;
  readonly log: Log;
  readonly timers?: Timers;
}

export type JoinAnswer =
  | { readonly result: "inLine"; readonly place: Place }
  | { readonly result: "noSuchEvent" }
  | Extract<Joined, { readonly result: "closed" }>
  | { readonly result: "full" }
  | { readonly result: "wrongTicket"; readonly because: string };

export interface Totals {
  readonly waiting: number;
  readonly withPass: number;
  readonly abandoned: number;
  /** 0 to 1; 0 when nobody waits. */
  readonly windowUse: number;
}

export class WaitingRooms {
  readonly #options: WaitingRoomsOptions;
  readonly #store: WaitingRoomStore;
  readonly #sales: EventSales;
  readonly #loop: AdmissionLoop;
  readonly #joins: Batcher<Parameters<WaitingRoomStore["enqueue"]>[0][number], Joined>;
  readonly #polls: Batcher<Poll, Polled>;
  readonly #leaves: Batcher<ClientRef, Left>;
  readonly #redemptions: Batcher<Redemption, RedeemAnswer>;
  readonly #restorations: Batcher<Redemption, Restored>;
  readonly #reported = new Set<number>();
  readonly #lastAnswers = new LastAnswers();
  #totals: Promise<Totals> | undefined;

  constructor(options: WaitingRoomsOptions) {
    const { store, clock, log, timers } = options;
    this.#options = options;
    this.#store = store;
    this.#sales = new EventSales({
      ask: options.askForSale,
      clock,
      onUnanswered: (error) => log.warn({ err: error }, "queue: the ticket service is silent"),
    });
    this.#loop = new AdmissionLoop({
      store,
      log,
      timers,
      onAdmitted: options.onAdmitted,
      saleOf: (eventId) => {
        const sale = this.#sales.use(eventId);
        if (!sale) this.#sales.lookAgain(eventId);
        return sale;
      },
    });
    this.#joins = new Batcher((batch) => store.enqueue(batch), LARGEST_BATCH, { timers });
    this.#polls = new Batcher((batch) => store.poll(batch), LARGEST_BATCH, { timers });
    this.#leaves = new Batcher((batch) => store.leave(batch), LARGEST_BATCH, { timers });
    this.#redemptions = new Batcher((batch) => store.redeem(batch), LARGEST_BATCH, { timers });
    this.#restorations = new Batcher((batch) => store.restore(batch), LARGEST_BATCH, { timers });
  }

  /** Rejects where the event is unknown here and the ticket service does not answer. */
  async join(client: ClientRef, ticket: string | undefined): Promise<JoinAnswer> {
    const { eventId, clientId } = client;
    const reading = ticket === undefined ? undefined : this.#options.tickets.read(ticket, client);
    if (reading?.result === "wrong") return { result: "wrongTicket", because: reading.because };
    const found = await this.#sales.find(eventId);
    if (!found.found) return { result: "noSuchEvent" };
    const formerly = reading?.result === "genuine" ? reading.place : undefined;
    const joining = this.#joining(client, found.sale, formerly);
    const joined = await this.#joins.ask(joining);
    await failpoint("queue.join.afterEnqueue");
    if (joined.result === "closed" || joined.result === "full") return joined;
    this.#seen(eventId);
    return {
      result: "inLine",
      place: {
        userKey: userKeyOf(clientId),
        position: joined.result === "waiting" ? joined.position : 0,
        displayOffset: joining.habit.longestSeconds,
        estimatedWaitSeconds: joined.estimatedWaitSeconds,
        pollAfterSeconds: joined.pollAfterSeconds,
        queueTicket: this.#options.tickets.issue(client, joined),
      },
    };
  }

  /**
   * The hot path: it waits for nothing but the store, and asks nobody about the event. While the
   * store is away a client is told what it was told last, and nobody is admitted.
   */
  async poll(client: ClientRef, ticket?: string): Promise<Polled> {
    const { eventId, clientId } = client;
    const habit = habitOf(eventId, clientId);
    const opensAtMs = this.#sales.lastHeard(eventId)?.opensAtMs;
    try {
      const polled = await this.#polls.ask({ eventId, clientId, habit, opensAtMs });
      if (polled.result === "waiting") this.#seen(eventId);
      else if (polled.result === "notInLine" && ticket !== undefined) {
        return await this.#comeBack(client, ticket);
      }
      this.#lastAnswers.remember(client, polled);
      return polled;
    } catch (error) {
      const last = error instanceof StoreUnavailable ? this.#lastAnswers.recall(client) : undefined;
      if (last) return last;
      throw error;
    }
  }

  /** A poll is no join: the ticket must bring back a place, or the client is not in line. */
  async #comeBack(client: ClientRef, ticket: string): Promise<Polled> {
    const reading = this.#options.tickets.read(ticket, client);
    const found = reading.result === "genuine" ? await this.#sales.find(client.eventId) : undefined;
    if (reading.result !== "genuine" || !found?.found) return { result: "notInLine" };
    const joined = await this.#joins.ask({
      ...this.#joining(client, found.sale, reading.place),
      onlyBack: true,
    });
    if (joined.result === "closed" || joined.result === "full") return { result: "notInLine" };
    this.#seen(client.eventId);
    return joined;
  }

  #joining({ eventId, clientId }: ClientRef, sale: Sale, formerly: PlaceInLine | undefined) {
    const habit = habitOf(eventId, clientId);
    const joinLeadMs = this.#options.joinLeadSeconds * 1_000;
    return { eventId, clientId, habit, sale, joinLeadMs, formerly };
  }

  leave(client: ClientRef): Promise<Left> {
    this.#lastAnswers.forget(client);
    return this.#leaves.ask(client);
  }

  async redeem(redemption: PassRedemption): Promise<RedeemAnswer> {
    this.#lastAnswers.forget(redemption);
    const answer = await this.#redemptions.ask(redemption);
    await failpoint("queue.redeem.afterSpend");
    return answer;
  }

  restore(redemption: PassRedemption): Promise<Restored> {
    return this.#restorations.ask(redemption);
  }

  /** undefined: no such event. */
  async stats(eventId: number): Promise<Stats | undefined> {
    return (await this.#mayExist(eventId)) ? this.#store.stats(eventId) : undefined;
  }

  /** undefined: no such event. */
  async readSettings(eventId: number): Promise<Settings | undefined> {
    return (await this.#mayExist(eventId)) ? this.#store.readSettings(eventId) : undefined;
  }

  /** undefined: no such event. */
  async changeSettings(eventId: number, change: SettingsChange): Promise<Settings | undefined> {
    if (!(await this.#mayExist(eventId))) return undefined;
    const settings = await this.#store.changeSettings(eventId, change);
    this.#loop.changed(eventId);
    return settings;
  }

  /** One page. A full one may be the last: the next is empty then. undefined: no such event. */
  async journal(eventId: number, { after, limit }: JournalQuery): Promise<Journal | undefined> {
    if (!(await this.#mayExist(eventId))) return undefined;
    const rows = await this.#store.journal(eventId, after, limit);
    const entries = rows.map(({ number, clientId, joinedAtMs, admittedAtMs }) => ({
      number,
      clientId,
      joinedAt: new Date(joinedAtMs).toISOString(),
      admittedAt: new Date(admittedAtMs).toISOString(),
    }));
    return { entries, next: entries.length < limit ? null : entries.at(-1)!.number };
  }

  /** The gate is closed until the new answer is there. */
  async eventChanged(eventId: number): Promise<void> {
    await this.#sales.changed(eventId);
    this.#loop.changed(eventId);
  }

  /** Over all events that this process has served; what is asked at once is counted once. */
  totals(): Promise<Totals> {
    if (!this.#totals) {
      this.#totals = this.#count().finally(() => {
        this.#totals = undefined;
      });
    }
    return this.#totals;
  }

  async #count(): Promise<Totals> {
    const all = await Promise.all([...this.#reported].map((eventId) => this.#store.stats(eventId)));
    const sum = (of: (stats: Stats) => number) => all.reduce((total, one) => total + of(one), 0);
    const busy = all.filter((one) => one.waiting > 0);
    const permits = busy.reduce((total, one) => total + one.permitsPerMinute, 0);
    const used = busy.reduce((total, one) => total + one.admittedLastMinute, 0);
    return {
      waiting: sum((one) => one.waiting),
      withPass: sum((one) => one.active),
      abandoned: sum((one) => one.abandonedTotal),
      windowUse: permits === 0 ? 0 : used / permits,
    };
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  #seen(eventId: number): void {
    this.#loop.touch(eventId);
    if (this.#reported.has(eventId)) return;
    if (this.#reported.size >= MOST_REPORTED) {
      const oldest = this.#reported.values().next();
      if (!oldest.done) this.#reported.delete(oldest.value);
    }
    this.#reported.add(eventId);
  }

  /** An operator is not locked out by a silent ticket service. */
  async #mayExist(eventId: number): Promise<boolean> {
    try {
      return (await this.#sales.find(eventId)).found;
    } catch {
      return true;
    }
  }
}
