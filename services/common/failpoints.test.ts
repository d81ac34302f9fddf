/** Failpoints: what FAILPOINTS may say, and that each name stands in the code where it is said to. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Bus, Handler } from "./bus/bus.ts";
import { FailingBus } from "./bus/failing-bus.ts";
import { readConfig } from "./config.ts";
import type { Message } from "./contracts/messages.ts";
import type { ServiceName } from "./contracts/names.ts";
import {
  armFailpoints,
  FAILPOINTS,
  failpoint,
  failpointNames,
  parseFailpoints,
} from "./failpoints.ts";

test.after.each(() => armFailpoints(undefined));

const passes = async (name: Parameters<typeof failpoint>[0]): Promise<string> => {
  try {
    return String(await failpoint(name));
  } catch (error) {
    return (error as Error).name;
  }
};

test("a point that nobody has armed answers at once, without a promise", () => {
  assert.is(failpoint("relay.afterClaim"), undefined);
});

test("a failpoint acts the n-th time only, or each n-th time", async () => {
  armFailpoints(parseFailpoints("relay.afterClaim:error@2, relay.afterMark:error/2"));
  const [once, each]: [string[], string[]] = [[], []];
  for (let time = 0; time < 4; time += 1) {
    once.push(await passes("relay.afterClaim"));
    each.push(await passes("relay.afterMark"));
  }
  assert.equal(once, ["undefined", "FailpointReached", "undefined", "undefined"]);
  assert.equal(each, ["undefined", "FailpointReached", "undefined", "FailpointReached"]);
  assert.is(await passes("relay.beforeMark"), "undefined", "others are left alone");
});

test("a pause holds up and then goes on", async () => {
  armFailpoints(parseFailpoints("saga.step.afterCommit:pause(30)"));
  const began = performance.now();
  assert.is(await passes("saga.step.afterCommit"), "undefined");
  assert.ok(performance.now() - began >= 29);
});

test("what does not fit is refused in one line that names it", () => {
  const says = (text: string, pattern: RegExp) =>
    assert.throws(() => readConfig({ FAILPOINTS: text }), pattern);
  says("relay.afterClaim", /FAILPOINTS=relay.afterClaim: .*must look like/);
  says("relay.nowhere:kill", /"relay.nowhere" is no failpoint/);
  says("relay.afterClaim:explode", /"explode" is none of kill/);
  says("relay.afterClaim:pause", /pause needs milliseconds/);
  says("relay.afterClaim:duplicate", /duplicate is possible at relay.afterPublish/);
  says("relay.afterClaim:kill@0", /must look like/);
});

test("production refuses failpoints, and runs without", () => {
  const production = { NODE_ENV: "production" };
  assert.throws(
    () => readConfig({ ...production, FAILPOINTS: "relay.afterClaim:kill" }),
    /FAILPOINTS: not in production/,
  );
  assert.is(readConfig({ ...production, FAILPOINTS: "" }).FAILPOINTS, undefined);
});

test("every failpoint stands in the code once, in a service that it names or in what they share", () => {
  const root = join(import.meta.dirname, "..");
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
    (name) => name.endsWith(".ts") && !name.endsWith(".test.ts"),
  );
  const found = files.flatMap((file) =>
    [...readFileSync(join(root, file), "utf8").matchAll(/\bfailpoint\("([\w.]+)"\)/g)].map(
      ([, name]) => ({ name: name!, folder: file.split("/")[0]! }),
    ),
  );
  assert.equal(found.map((one) => one.name).sort(), [...failpointNames].sort());
  for (const { name, folder } of found) {
    const { services } = FAILPOINTS[name as keyof typeof FAILPOINTS];
    assert.ok(folder === "common" || (services as readonly string[]).includes(folder), name);
  }
});

/** A bus whose one handler is called by hand. */
class ByHand implements Bus {
  readonly published: Message[] = [];
  deliver: Handler = async () => {};

  async publish(message: Message): Promise<void> {
    this.published.push(message);
  }

  async consume(_service: ServiceName, handler: Handler): Promise<void> {
    this.deliver = handler;
  }

  async close(): Promise<void> {}
}

const MESSAGE = { messageId: "m" } as Message;

async function consumed(): Promise<{ readonly bus: ByHand; readonly handled: Message[] }> {
  const bus = new ByHand();
  const handled: Message[] = [];
  await new FailingBus(bus).consume("saga", async (message) => {
    handled.push(message);
  });
  return { bus, handled };
}

test("a failing bus repeats messages, to its own bus and to the handler", async () => {
  armFailpoints(parseFailpoints("relay.afterPublish:duplicate,consumer.beforeHandling:duplicate"));
  const { bus, handled } = await consumed();
  await new FailingBus(bus).publish(MESSAGE);
  await bus.deliver(MESSAGE);
  assert.is(bus.published.length, 2);
  assert.is(handled.length, 2);
});

test("a lost acknowledgement comes after the effect", async () => {
  armFailpoints(parseFailpoints("consumer.beforeAck:error"));
  const { bus, handled } = await consumed();
  const acknowledged = await bus.deliver(MESSAGE).then(
    () => true,
    () => false,
  );
  assert.is(handled.length, 1);
  assert.not(acknowledged);
});

test.run();
