/** Promises of the folder lock, kept between real processes. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { beginningOf, lockFolder } from "./folder-lock.ts";
import { ServerUnavailable } from "./server-unavailable.ts";
import { runScript, type Script, withFolder } from "./test-aids.ts";

/** Locks, says how it went, and stays until it is killed. */
function holder(dir: string): Script {
  return runScript(`
    import { lockFolder } from "./folder-lock.ts";
    const said = await lockFolder(${JSON.stringify(dir)}, "a test").then(() => "locked", (e) => e.message);
    process.stdout.write(said + "\\n");
    setInterval(() => undefined, 1000);`);
}

async function end(script: Script): Promise<void> {
  script.process.kill("SIGKILL");
  await script.ended;
}

test("a second holder is refused, and told who has the folder", () =>
  withFolder(async (dir) => {
    const other = holder(dir);
    assert.is(await other.firstLine, "locked");
    const error = await lockFolder(dir, "me").catch((e) => e);
    assert.instance(error, ServerUnavailable);
    assert.match(error.message, `${dir} is in use by pid ${other.process.pid} (a test)`);
    await end(other);
  }));

test("the lock of a killed process is taken over at once", () =>
  withFolder(async (dir) => {
    const other = holder(dir);
    assert.is(await other.firstLine, "locked");
    await end(other);
    await (await lockFolder(dir, "me")).release();
  }));

test("a released folder can be locked again, also by the same process", () =>
  withFolder(async (dir) => {
    for (let round = 0; round < 5; round += 1) {
      const lock = await lockFolder(dir, "me");
      await assertRefused(dir);
      await lock.release();
      await lock.release();
    }
    assert.is((await readdir(join(dir, ".lock"))).length, 1, "old files are swept");
  }));

test("a process id that was given to another process holds nothing", () =>
  withFolder(async (dir) => {
    const lock = await lockFolder(dir, "me");
    const path = join(dir, ".lock", "holder-1");
    const note = JSON.parse(await readFile(path, "utf8"));
    await writeFile(path, JSON.stringify({ ...note, began: "an earlier life" }));
    const second = await lockFolder(dir, "me");
    await second.release();
    await lock.release();
  }));

test("of many that find a stale lock exactly one takes it over", () =>
  withFolder(async (dir) => {
    for (let round = 0; round < 3; round += 1) {
      const rivals = Array.from({ length: 6 }, () => holder(dir));
      const said = await Promise.all(rivals.map((rival) => rival.firstLine));
      const winners = said.filter((line) => line === "locked");
      assert.is(winners.length, 1, said.join("\n"));
      // Killed, so that the next round's rivals find a stale lock.
      await Promise.all(rivals.map(end));
    }
  }));

test("within one process, too, exactly one of many wins, again and again", () =>
  withFolder(async (dir) => {
    for (let round = 0; round < 10; round += 1) {
      const tries = await Promise.allSettled(
        Array.from({ length: 10 }, () => lockFolder(dir, "me")),
      );
      const locks = tries.flatMap((result) =>
        result.status === "fulfilled" ? [result.value] : [],
      );
      assert.is(locks.length, 1);
      await locks[0]?.release();
    }
  }));

test("a process' beginning tells its lives apart, and the dead have none", async () => {
  assert.is(await beginningOf(process.pid), await beginningOf(process.pid));
  const other = runScript("process.stdout.write('here\\n'); setInterval(() => undefined, 1000);");
  await other.firstLine;
  const pid = other.process.pid as number;
  assert.type(await beginningOf(pid), "string");
  await end(other);
  assert.is(await beginningOf(pid), undefined);
});

async function assertRefused(dir: string): Promise<void> {
  assert.instance(await lockFolder(dir, "me").catch((e) => e), ServerUnavailable);
}

test.run();
