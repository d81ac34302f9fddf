/** Who dies where in a round: drawn from a seed, pure, the same for the same seed. */
import { FAILPOINTS, type FailpointName } from "../../services/common/failpoints.ts";
import { SERVERS, type ServerName } from "./servers.ts";

export type KillOrder =
  /** SIGKILL from outside, so long after the one before. */
  | { readonly how: "signal"; readonly afterMs: number }
  /** Dies by itself at the n-th passing of a point. */
  | { readonly how: "failpoint"; readonly point: FailpointName; readonly at: number };

/** The orders of one process, one after the other. */
export interface Lane {
  readonly process: string;
  readonly orders: readonly KillOrder[];
}

export interface ServerOrder {
  readonly server: ServerName;
  readonly afterMs: number;
  readonly wiped: boolean;
}

export interface WireOrder {
  readonly server: ServerName;
  readonly afterMs: number;
  readonly does: "cut" | "loseAnswers";
}

export interface RoundPlan {
  readonly lanes: readonly Lane[];
  readonly servers: readonly ServerOrder[];
  readonly wires: readonly WireOrder[];
}

export interface Cast {
  /** Process names and their services. */
  readonly processes: readonly { readonly name: string; readonly service: string }[];
  readonly servers: readonly ServerName[];
}

/** Kills of one round; more of them make a round longer, not harder. */
export const KILLS_PER_ROUND = 22;
const SERVER_KILLS = 3;
const EARLIEST_MS = 300;
const SPREAD_MS = 5_000;
/** Servers are killed, and wires cut, over this time, once there is something to disturb. */
const SERVERS_FROM_MS = 4_000;
const SERVER_SPREAD_MS = 12_000;

/** A pack of cards of which each is drawn once before any is drawn again. */
export class Deck<T = FailpointName> {
  readonly #cards: readonly T[];
  readonly #random: () => number;
  #left: T[] = [];

  constructor(cards: readonly T[], random: () => number) {
    this.#cards = cards;
    this.#random = random;
  }

  draw(): T {
    if (this.#left.length === 0) this.#left = shuffle(this.#cards, this.#random);
    return this.#left.pop()!;
  }

  /** To be drawn before all others: it was armed and not reached. */
  putBack(card: T): void {
    this.#left.push(card);
  }
}

/** Of these points the ones that a process of these services can pass. */
export function pointsFor(
  points: readonly FailpointName[],
  services: ReadonlySet<string>,
): readonly FailpointName[] {
  return points.filter((name) => FAILPOINTS[name].services.some((one) => services.has(one)));
}

/**
 * One round of `kills`. `armed`: the processes have just been started with their first failpoint,
 * so that no kill from outside is needed to arm them.
 */
export function planRound(
  { processes, servers: mortalServers }: Cast,
  deck: Deck,
  kills: number,
  options: { readonly armed: boolean; readonly wipe: boolean; readonly random: () => number },
): RoundPlan {
  const { armed, wipe, random } = options;
  const soon = () => EARLIEST_MS + random() * SPREAD_MS;
  const serverKills = processes.length === 0 ? kills : Math.min(SERVER_KILLS, Math.ceil(kills / 4));
  const names = repeated(shuffle(mortalServers, random), serverKills);
  const servers = names.map((server, index) => ({
    server,
    afterMs: SERVERS_FROM_MS + ((index + random()) / names.length) * SERVER_SPREAD_MS,
    wiped: server === "nats" && wipe,
  }));
  const lanes = processes.map(({ name, service }) => ({
    name,
    service,
    orders: [] as KillOrder[],
  }));
  let left = processes.length === 0 ? 0 : kills - servers.length;
  for (const lane of shuffle(lanes, random)) {
    if (armed || left <= 0) continue;
    lane.orders.push({ how: "signal", afterMs: soon() });
    left -= 1;
  }
  for (; left > 0; left -= 1) {
    const point = deck.draw();
    const services: readonly string[] = FAILPOINTS[point].services;
    const able = lanes.filter((lane) => services.includes(lane.service) && !endless(lane.orders));
    const lane = shuffle(able, random).sort((a, b) => a.orders.length - b.orders.length)[0];
    if (lane) lane.orders.push({ how: "failpoint", point, at: 1 + Math.floor(random() * 2) });
    else shuffle(lanes, random)[0]!.orders.push({ how: "signal", afterMs: soon() });
  }
  const wires = Array.from({ length: Math.max(1, Math.round(kills / 5)) }, () => ({
    server: shuffle(SERVERS, random)[0]!,
    afterMs: SERVERS_FROM_MS + random() * SERVER_SPREAD_MS,
    does: random() < 0.5 ? ("cut" as const) : ("loseAnswers" as const),
  }));
  return { lanes: lanes.map(({ name, orders }) => ({ process: name, orders })), servers, wires };
}

/** One process that has to die more often than this would hold up the round. */
function endless(orders: readonly KillOrder[]): boolean {
  return orders.length >= 6;
}

/** So many of them, each as often as the others, give or take one. */
function repeated<T>(items: readonly T[], count: number): T[] {
  if (items.length === 0) return [];
  return Array.from({ length: count }, (_, index) => items[index % items.length]!);
}

function shuffle<T>(items: readonly T[], random: () => number): T[] {
  const shuffled = items.slice();
  for (let last = shuffled.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [shuffled[last], shuffled[other]] = [shuffled[other]!, shuffled[last]!];
  }
  return shuffled;
}
