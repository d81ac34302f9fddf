/** Sales in rounds while everything dies: crowd, kills, rest, and the equations after each. */

import { appendFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aborted } from "../../cli/interrupts.ts";
import type { Build } from "./build.ts";
import { type Cluster, openCluster } from "./cluster.ts";
import { armingFor, type Cut, type Kill } from "./director.ts";
import type { Finding } from "./equations.ts";
import { upInTime } from "./mortal-process.ts";
import { openOffice } from "./office.ts";
import { Deck, KILLS_PER_ROUND, planRound, pointsFor, type RoundPlan } from "./plan.ts";
import { emptyRecord } from "./record.ts";
import { type Faults, type Round, type RoundContext, runRound } from "./round.ts";
import { SERVERS } from "./servers.ts";
import { Shop } from "./shop.ts";

export interface CrashOptions {
  readonly build: Build;
  readonly kills: number;
  readonly random: () => number;
  readonly faults: Faults;
  readonly restWithinMs: number;
  /** Services and servers that may die; empty: all. */
  readonly only: readonly string[];
  readonly progress: (line: string) => void;
  readonly interrupted: AbortSignal;
}

export interface CrashReport {
  readonly build: Build["name"];
  readonly kills: readonly Kill[];
  readonly cuts: readonly Cut[];
  readonly missed: readonly string[];
  readonly rounds: readonly Round[];
  /** Logs of every process and server; kept where an equation failed. */
  readonly logs: string | undefined;
}

/** Never throws for a broken promise: those are findings. @throws where nothing could be run */
export async function runCrash(options: CrashOptions): Promise<CrashReport> {
  const dir = await mkdtemp(join(tmpdir(), "reservex-crash-"));
  let wanted = true;
  try {
    const report = await new CrashRun(options, dir).go();
    wanted = report.rounds.some((round) => round.findings.length > 0);
    return { ...report, logs: wanted ? dir : undefined };
  } finally {
    if (wanted) options.progress(`the logs of every process are in ${dir}`);
    else await rm(dir, { recursive: true, force: true });
  }
}

class CrashRun {
  readonly #options: CrashOptions;
  readonly #dir: string;
  readonly #kills: Kill[] = [];
  readonly #cuts: Cut[] = [];
  readonly #missed: string[] = [];
  readonly #diedByItself: Finding[] = [];
  readonly #judged: Round[] = [];
  readonly #began = performance.now();

  constructor(options: CrashOptions, dir: string) {
    this.#options = options;
    this.#dir = dir;
  }

  async go(): Promise<Omit<CrashReport, "logs">> {
    const { build, random } = this.#options;
    const cluster = await openCluster({
      build,
      dir: this.#dir,
      onDeath: ({ process, cause }) => {
        if (cause.by !== "itself") return;
        const words = `${process} ended by itself: ${cause.words}`;
        this.#diedByItself.push({ equation: "process", words });
      },
      onServerLine: (server, line) =>
        appendFileSync(join(this.#dir, `${server}.log`), `${new Date().toISOString()} ${line}\n`),
    });
    const shop = new Shop(cluster.urls, random);
    try {
      const { interrupted } = this.#options;
      // What is under way dies with the cluster; rounds that were judged stand.
      await Promise.race([this.#rounds(cluster, shop), aborted(interrupted)]);
      const rounds = this.#judged;
      const { name } = build;
      return { build: name, kills: this.#kills, cuts: this.#cuts, missed: this.#missed, rounds };
    } finally {
      await shop.close();
      await cluster.stop();
    }
  }

  async #rounds(cluster: Cluster, shop: Shop): Promise<void> {
    const { build, kills, faults, random, interrupted } = this.#options;
    const mortal = cluster.processes
      .map(({ spec }) => spec)
      .filter((one) => this.#mayDie(one.service));
    const services = new Set(mortal.map(({ service }) => service));
    const deck = new Deck(pointsFor(build.points, services), random);
    const cast = { processes: mortal, servers: SERVERS.filter((name) => this.#mayDie(name)) };
    const count = Math.max(1, Math.ceil(kills / KILLS_PER_ROUND));
    let context: RoundContext | undefined;
    for (let number = 1; number <= count && !interrupted.aborted; number += 1) {
      const share =
        Math.floor((kills * number) / count) - Math.floor((kills * (number - 1)) / count);
      const wipe = number % 2 === 0;
      const drawn = planRound(cast, deck, share, { armed: !context, wipe, random });
      const plan = { ...drawn, wires: faults === "all" ? drawn.wires : [] };
      context ??= await this.#open(cluster, shop, deck, plan);
      const round = await runRound(number, plan, context);
      this.#judged.push(round);
      // What is broken stays broken: the next round would only say it again.
      if (round.findings.length > 0) break;
    }
  }

  #mayDie(name: string): boolean {
    const { only } = this.#options;
    return only.length === 0 || only.includes(name);
  }

  /** Starts every process, armed for its first order, and the office that opens sales. */
  async #open(cluster: Cluster, shop: Shop, deck: Deck, plan: RoundPlan): Promise<RoundContext> {
    const { faults, restWithinMs, random, progress } = this.#options;
    for (const mortal of cluster.processes) {
      const order = plan.lanes.find((lane) => lane.process === mortal.spec.name)?.orders[0];
      void mortal.start(armingFor(mortal.spec.service, order, faults === "all"));
    }
    await Promise.all(cluster.processes.map(upInTime));
    const now = () => performance.now() - this.#began;
    return {
      ...{ cluster, shop, random, faults, restWithinMs, progress, now },
      office: await openOffice(shop, cluster.login),
      record: emptyRecord(),
      eventIds: [],
      diedByItself: this.#diedByItself,
      onKill: (kill) => {
        this.#kills.push(kill);
        const times = `${seconds(kill.atMs)} s, back after ${seconds(kill.recoveredMs)} s`;
        progress(
          `${String(this.#kills.length).padStart(4)}  ${kill.victim.padEnd(10)} ${kill.how}, at ${times}`,
        );
      },
      onCut: (cut) => this.#cuts.push(cut),
      onMissed: (point) => {
        this.#missed.push(point);
        deck.putBack(point);
      },
    };
  }
}

const seconds = (ms: number): string => (ms / 1_000).toFixed(1);
