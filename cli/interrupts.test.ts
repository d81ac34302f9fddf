/** The first signal asks, the second insists, and afterwards nobody listens. */
import { once } from "node:events";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { aborted, listenForInterrupts } from "./interrupts.ts";

test("a real SIGINT asks, another one insists, and a listener gone leaves no trace", async () => {
  const before = process.listenerCount("SIGINT");
  // Waiting for a signal keeps no process alive.
  const alive = setInterval(() => undefined, 1_000);
  const interrupts = listenForInterrupts();
  const { asked, insisted } = interrupts;
  process.kill(process.pid, "SIGINT");
  await aborted(asked);
  assert.is(insisted.aborted, false);
  const insists = once(insisted, "abort");
  process.kill(process.pid, "SIGTERM");
  await insists;
  clearInterval(alive);
  interrupts.stopListening();
  assert.is(process.listenerCount("SIGINT"), before);
});

test("a key counts as a signal", () => {
  const interrupts = listenForInterrupts();
  interrupts.interrupt();
  assert.is(interrupts.asked.aborted, true);
  assert.is(interrupts.insisted.aborted, false);
  interrupts.interrupt();
  assert.is(interrupts.insisted.aborted, true);
  interrupts.stopListening();
});

test.run();
