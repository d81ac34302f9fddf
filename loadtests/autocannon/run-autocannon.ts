/** Runs autocannon against the sale: as fast as the target answers, nobody waits in between. */
import { setTimeout as wait } from "node:timers/promises";
import autocannon from "autocannon";
import { AdminClient } from "../../cli/engine/admin-client.ts";
import { isRecord } from "../../cli/engine/client/answer.ts";
import { UnavailableError } from "../../services/common/errors.ts";
import type { SaleFile } from "../sale-file.ts";
import type { Tool, ToolOutcome, ToolRun } from "../tool.ts";
import { type Admitted, dealt, joinOf, pollOf, reservationOf } from "./requests.ts";

export const AUTOCANNON: Tool = {
  name: "autocannon",
  scenarios: {
    all: "joins, then polls, then reservations",
    joins: "everybody joins, again and again",
    polls: "everybody in line asks for their place",
    reservations: "everybody has a pass and buys once",
  },
  // A dependency of ours.
  find: () => Promise.resolve(),
  run: runAutocannon,
};

/** Of the answers so many must be a yes; a reservation may also be told that all is sold. */
const EXPECTED = new Set([200, 201, 409]);
const PASS_POLL_MS = 500;
/** At the lowest admission limit that the command takes, a handful of clients is in by then. */
const PASSES_WITHIN_MS = 120_000;

async function runAutocannon(run: ToolRun): Promise<ToolOutcome> {
  const { sale, scenario } = run;
  const wanted = (name: string) =>
    !run.interrupted.aborted && (scenario === "all" || scenario === name);
  const lines: string[] = [];
  let goalsHeld = true;
  const shoot = async (name: string, url: string, requests: autocannon.Request[], once = false) => {
    const shot = await fire(run, url, requests, once);
    goalsHeld &&= shot.goalHeld;
    lines.push(`${name.padEnd(13)}${shot.words}`);
  };
  const { queue, ticket } = sale.urls;
  if (wanted("joins")) {
    const joins = sale.clients.map((client) => joinOf(sale, client));
    await shoot("joins", queue, joins);
  }
  if (wanted("polls")) {
    // One join each first: who is not in line has no place to ask for.
    const joins = sale.clients.map((client) => joinOf(sale, client));
    await fire(run, queue, joins, true);
    const polls = sale.clients.map((client) => pollOf(sale, client));
    await shoot("polls", queue, polls);
  }
  if (wanted("reservations")) {
    const admitted = await admit(sale, run.interrupted);
    const purchases = admitted.map((client, at) => reservationOf(sale, client, at));
    await shoot("reservations", ticket, purchases, true);
  }
  return { goalsHeld: goalsHeld && lines.length > 0, said: lines.join("\n") };
}

interface Shot {
  readonly goalHeld: boolean;
  readonly words: string;
}

/** `once`: as many requests as there are, not one more; else for the run's seconds. */
async function fire(
  run: ToolRun,
  url: string,
  requests: readonly autocannon.Request[],
  once: boolean,
): Promise<Shot> {
  const connections = Math.min(run.connections, requests.length);
  const hands = dealt(requests, connections);
  const statuses = new Map<number, number>();
  let connection = 0;
  const options: autocannon.Options = {
    url,
    connections,
    // An amount is split over the connections as evenly as the hands are dealt.
    ...(once ? { amount: requests.length } : { duration: run.seconds }),
    setupClient: (client) => {
      const hand = hands[connection % connections]!;
      connection += 1;
      client.setRequests(hand);
    },
  };
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const load = autocannon(options, (error: Error | null, done) => {
      run.interrupted.removeEventListener("abort", stop);
      if (error) reject(error);
      else resolve(done);
    });
    const stop = () => load.stop();
    run.interrupted.addEventListener("abort", stop, { once: true });
    load.on("response", (_client, status) => {
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    });
  });
  return shotOf(result, statuses);
}

function shotOf(result: autocannon.Result, statuses: ReadonlyMap<number, number>): Shot {
  const answers = [...statuses.values()].reduce((sum, one) => sum + one, 0);
  const unexpected = [...statuses].filter(([status]) => !EXPECTED.has(status));
  const each = [...statuses].sort().map(([status, count]) => `${count} × ${status}`);
  const { latency, errors, timeouts } = result;
  const perSecond = Math.round(answers / Math.max(0.001, result.duration));
  const words =
    `${answers} answers in ${result.duration} s (${perSecond}/s), p50 ${latency.p50} ms, ` +
    `p99 ${latency.p99} ms; ${each.join(", ") || "no answer"}; ${errors + timeouts} errors`;
  return { goalHeld: answers > 0 && unexpected.length === 0 && errors + timeouts === 0, words };
}

/** Everybody who gets a pass in time, with it. @throws UnavailableError when nobody does */
async function admit(sale: SaleFile, interrupted: AbortSignal): Promise<Admitted[]> {
  const deadlineMs = performance.now() + PASSES_WITHIN_MS;
  const admitted = await Promise.all(
    sale.clients.map(async (client) => {
      const queue = new AdminClient(sale.urls.queue, client.accessToken);
      try {
        await queue.call({ method: "POST", path: joinOf(sale, client).path! });
        while (performance.now() < deadlineMs && !interrupted.aborted) {
          const { body } = await queue.try({ method: "GET", path: pollOf(sale, client).path! });
          const pass = isRecord(body) && body.passReady === true ? body.passToken : undefined;
          if (typeof pass === "string") return { ...client, pass };
          await wait(PASS_POLL_MS);
        }
        return undefined;
      } finally {
        await queue.close();
      }
    }),
  );
  const found = admitted.filter((one) => one !== undefined);
  if (found.length > 0) return found;
  throw new UnavailableError("no client was given a pass: raise --permits-per-minute");
}
