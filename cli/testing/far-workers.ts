/** Workers that meet their coordinator on a real NATS server, as processes of a test. */
import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, type Test } from "uvu";
import { testNatsUrl } from "../../services/common/testing/service-harness.ts";
import { parseHistory } from "../judge/parse.ts";
import { type OperatedStack, startOperatedStack } from "./operated-stack.ts";
import { type Finished, reservex } from "./processes.ts";

export interface Meeting {
  operated: OperatedStack;
  /** Another one for each test: nobody is hired by a test before. */
  group: string;
}

/** Tests that share one stack, with a group each. */
export function meetings(name: string): Test<Meeting> {
  const test = suite<Meeting>(name);
  test.before(async (world) => {
    world.operated = await startOperatedStack();
  });
  test.before.each((world) => {
    world.group = `test-${randomUUID().slice(0, 8)}`;
  });
  test.after((world) => world.operated.stop());
  return test;
}

export interface Worker {
  readonly child: ChildProcess;
  readonly ended: Promise<Finished>;
  /** Resolves when a line like that has been said; once for each call, in their order. */
  says(words: RegExp): Promise<void>;
}

/** In the stack's own world: another machine as far as it can tell. */
export function startWorker({ group }: Meeting, name: string): Worker {
  let child: ChildProcess | undefined;
  let said = "";
  const listening: (() => void)[] = [];
  const args = ["worker", "--join", testNatsUrl(), "--group", group, "--name", name, "--json"];
  const ended = reservex(args, {}, (started) => {
    child = started;
    started.stderr?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      for (const hear of listening.splice(0)) hear();
    });
  });
  return {
    child: child!,
    ended,
    async says(words) {
      for (;;) {
        const found = words.exec(said);
        if (found) {
          said = said.slice(found.index + found[0].length);
          return;
        }
        const more = new Promise<undefined>((resolve) => listening.push(() => resolve(undefined)));
        const over = await Promise.race([more, ended]);
        if (over !== undefined) throw new Error(`it ended: ${over.stderr}`);
      }
    },
  };
}

export async function stopWorker(worker: Worker): Promise<Finished> {
  worker.child.kill("SIGINT");
  return worker.ended;
}

/** A run of 200 clients by two workers that are to be hired. */
export function simulate(
  { operated, group }: Meeting,
  out: string,
  args: readonly string[],
): Promise<Finished> {
  const crowd = ["--clients", "200", "--stock", "40", "--permits-per-minute", "190", "--seed", "3"];
  const far = ["--workers", "2", "--workers-at", testNatsUrl(), "--worker-group", group];
  const how = ["--json", "--quiet", "--out", out];
  return reservex(["simulate", ...operated.access, ...crowd, ...far, ...how, ...args]);
}

export async function historyOf(out: string) {
  const parsed = parseHistory(await readFile(join(out, "history.ndjson"), "utf8"));
  if (!parsed.ok) throw new Error(`line ${parsed.problem.line}: ${parsed.problem.wrong}`);
  return parsed.history;
}
