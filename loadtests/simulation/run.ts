/** One run: a seed's world and crowd, from the first event to the verdict. */
import { Client } from "./clients.ts";
import { type Defect, HONEST } from "./defects.ts";
import { Faults, type Struck } from "./faults.ts";
import { PurchaseBook } from "./purchase-book.ts";
import type { Breach } from "./verdict.ts";
import type { Life } from "./virtual-time.ts";
import { settingOf, World } from "./world.ts";

/** Everything is settled this long after the weather has cleared, or it never will be. */
const PATIENCE_MS = 3_600_000;
const LOOK_EVERY_MS = 500;
/** Processes may still have something in mind. */
const LINGER_MS = 2_000;

export interface Plan {
  readonly seed: number;
  /** By their numbers, from 1; undefined: all of the seed's. */
  readonly clients?: readonly number[] | undefined;
  /** By their names; undefined: those that the seed draws. */
  readonly faults?: readonly string[] | undefined;
}

export interface Outcome {
  readonly breach: Breach | undefined;
  readonly struck: readonly Struck[];
  readonly clients: readonly number[];
  /** Reservations made, each of which was followed to its end. */
  readonly purchases: number;
  readonly virtualMs: number;
  readonly events: number;
  /** The same for the same plan, always. */
  readonly fingerprint: number;
}

export type Say = (atMs: number, who: string, what: string) => void;

export async function run(plan: Plan, defect: Defect = HONEST, say?: Say): Promise<Outcome> {
  const { seed } = plan;
  const setting = settingOf(seed);
  const faults = new Faults(seed, plan.faults);
  const world = new World(seed, { faults, setting, defect, say });
  const { time, judge } = world;
  const numbers = plan.clients ?? Array.from({ length: setting.clients }, (_, at) => at + 1);
  const book = new PurchaseBook(world);
  world.room.overlapped = (token) => book.overlapped(token);
  const crowd = numbers.map((number) => new Client(world, book, number));
  for (const client of crowd) client.begin();
  const weather: Life = { name: "weather", alive: true };
  time.after(weather, setting.calmMs, () => {
    faults.over = true;
    world.say("weather", () => "clears: nothing goes wrong any more");
  });
  watchForRest(world, crowd, book);
  await time.run();
  if (!judge.breach && say) world.say("judge", () => "everything is settled, nothing is broken");
  return {
    breach: judge.breach,
    struck: faults.struck,
    clients: numbers,
    purchases: world.ticket.reservations.rows.size,
    virtualMs: time.nowMs,
    events: time.events,
    fingerprint: time.fingerprint >>> 0,
  };
}

/** Ends the run when nothing is left to do, or when there is no hope that this will ever be. */
function watchForRest(world: World, crowd: readonly Client[], book: PurchaseBook): void {
  const { time, judge, network, provider, setting } = world;
  const watcher: Life = { name: "watcher", alive: true };
  let restingSinceMs: number | undefined;
  const look = () => {
    const busy = crowd.find((client) => !client.done);
    const left = busy ? `client ${busy.number} is not done` : world.books.unsettled();
    if (left !== undefined || network.underWay + provider.underWay > 0) restingSinceMs = undefined;
    else restingSinceMs ??= time.nowMs;
    if (restingSinceMs !== undefined && time.nowMs - restingSinceMs >= LINGER_MS) {
      world.books.atRest();
      book.atRest();
      time.stop();
      return;
    }
    const overdue = world.books.overdue();
    if (overdue !== undefined) judge.broken("ends", overdue);
    if (time.nowMs > setting.calmMs + PATIENCE_MS) {
      const what = left ?? "messages are under way for ever";
      judge.broken(what.includes("outbox") ? "outbox" : "ends", what);
    }
    time.after(watcher, LOOK_EVERY_MS, look);
  };
  look();
}
