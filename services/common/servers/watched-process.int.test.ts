/** Promises of the watched process, kept by real processes. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { isAlive } from "./programs.ts";
import { ServerUnavailable } from "./server-unavailable.ts";
import { becomesTrue, membersOf, processesWith, runScript, sessionOf } from "./test-aids.ts";
import { runWatched, startWatched, type WatchOptions } from "./watched-process.ts";

const READY = "echo ready";

function shell(script: string, rest: Partial<WatchOptions> = {}): WatchOptions {
  return {
    command: "/bin/sh",
    args: ["-c", script],
    stopSignal: "SIGTERM",
    ready: (line) => line === "ready",
    readyTimeoutMs: 5_000,
    ...rest,
  };
}

function parentOf(script: string): string {
  const options = JSON.stringify({ command: "/bin/sh", args: ["-c", script] });
  return `
    import { startWatched } from "./watched-process.ts";
    const server = await startWatched({
      ...${options}, stopSignal: "SIGTERM", stopTimeoutMs: 1000,
      ready: (line) => line === "ready", readyTimeoutMs: 5000,
    });
    process.stdout.write(server.pid + "\\n");
    setInterval(() => undefined, 1000);`;
}

test("when we are killed with SIGKILL the server is gone, and no helper is left", async () => {
  const parent = runScript(parentOf(`${READY}; exec sleep 600`));
  const pid = Number(await parent.firstLine);
  assert.ok(isAlive(pid), `the server runs: ${await parent.firstLine}`);
  const session = await sessionOf(pid);
  assert.ok(session !== undefined);
  assert.is((await membersOf(session as number)).length, 3, "wrapper, watcher, server");
  parent.process.kill("SIGKILL");
  await parent.ended;
  const empty = async (): Promise<boolean> => (await membersOf(session as number)).length === 0;
  assert.ok(await becomesTrue(empty, 2_000), `left: ${await membersOf(session as number)}`);
});

test("when we are killed, a server that ignores its stop signal is killed too", async () => {
  const parent = runScript(parentOf(`trap '' TERM; ${READY}; while :; do sleep 0.2; done`));
  const pid = Number(await parent.firstLine);
  const session = (await sessionOf(pid)) as number;
  parent.process.kill("SIGKILL");
  await parent.ended;
  const empty = async (): Promise<boolean> => (await membersOf(session)).length === 0;
  assert.ok(await becomesTrue(empty, 4_000), `left: ${await membersOf(session)}`);
});

test("when the wrapper itself is killed, the server does not stay behind", async () => {
  const server = await startWatched(shell(`${READY}; exec sleep 600`));
  const wrapper = (await sessionOf(server.pid)) as number;
  process.kill(wrapper, "SIGKILL");
  await server.exited;
  assert.ok(await becomesTrue(() => !isAlive(server.pid), 2_000));
  await server.stop();
  const empty = async (): Promise<boolean> => (await membersOf(wrapper)).length === 0;
  assert.ok(await becomesTrue(empty, 2_000), `left: ${await membersOf(wrapper)}`);
});

test("stop ends the server with its signal, and may be called again", async () => {
  const server = await startWatched(shell(`${READY}; exec sleep 600`));
  const session = (await sessionOf(server.pid)) as number;
  await Promise.all([server.stop(), server.stop()]);
  assert.equal(await server.exited, { code: null, signal: "SIGTERM" });
  assert.not.ok(isAlive(server.pid));
  await server.stop();
  assert.equal(await membersOf(session), []);
});

test("a server that does not heed the stop signal is killed after the time given", async () => {
  const server = await startWatched(
    shell(`trap '' TERM; ${READY}; while :; do sleep 0.1; done`, { stopTimeoutMs: 200 }),
  );
  await server.stop();
  assert.equal(await server.exited, { code: null, signal: "SIGKILL" });
});

test("the exit code and the last lines are the server's own", async () => {
  const server = await startWatched(shell(`${READY}; echo late >&2; exit 7`));
  assert.equal(await server.exited, { code: 7, signal: null });
  assert.equal(server.tail().sort(), ["late", "ready"]);
});

test("a server that ends before it is ready gives an error with its last line", async () => {
  const error = await startWatched(shell("echo 'no such setting' >&2; exit 3")).catch((e) => e);
  assert.instance(error, ServerUnavailable);
  assert.is(error.message, "sh ended with 3 before it was ready: no such setting");
  assert.equal(error.output, ["no such setting"]);
});

test("a server that is not ready in time is stopped, and the error says so", async () => {
  const mark = `sleep 600.${process.pid}`;
  const slow = shell(`echo starting; exec ${mark}`, { readyTimeoutMs: 300 });
  const error = await startWatched(slow).catch((e) => e);
  assert.is(error.message, "sh was not ready after 0.3 s: starting");
  assert.equal(await processesWith(mark), []);
});

test("a program that does not exist is named", async () => {
  const missing = { ...shell(""), command: "/nowhere/postgres", args: [] };
  const error = await startWatched(missing).catch((e) => e);
  assert.instance(error, ServerUnavailable);
  assert.match(error.message, "postgres ended with 127 before it was ready");
});

test("arguments arrive as they were given, and nothing of our environment does", async () => {
  const args = ["-c", 'printf "%s|" "$@"; env', "sh", "", "a b", "$HOME", "'"];
  const { code, output } = await runWatched({
    command: "/bin/sh",
    args,
    env: { ONLY: "this" },
    stopSignal: "SIGTERM",
    timeoutMs: 5_000,
  });
  assert.is(code, 0);
  assert.ok(output[0]?.startsWith("|a b|$HOME|'|"), output[0]);
  assert.ok(output.join("\n").includes("ONLY=this"));
  assert.not.ok(output.join("\n").includes("HOME="));
});

test("a server's flood of output does not block it", async () => {
  const { code } = await runWatched({
    command: "/bin/sh",
    args: ["-c", "head -c 3000000 /dev/zero | tr '\\0' 'x' | fold -w 100"],
    stopSignal: "SIGTERM",
    timeoutMs: 20_000,
  });
  assert.is(code, 0);
});

test.run();
