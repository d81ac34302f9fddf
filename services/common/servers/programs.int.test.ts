/** Promises about finding, running and installing programs, kept with real files and processes. */
import { chmod, mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { findProgram, forbidServiceStarts, installWithApt, runProgram } from "./programs.ts";
import { withFolder } from "./test-aids.ts";

async function program(path: string, script: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
}

test("a program is found on PATH, then in the usual folders, and must be executable", () =>
  withFolder(async (dir) => {
    const [one, two] = [join(dir, "one"), join(dir, "two")];
    for (const folder of [one, two]) await mkdir(folder);
    await program(join(two, "server"), "exit 0");
    await writeFile(join(one, "server"), "not executable");
    await mkdir(join(one, "folder"));
    const find = (name: string, path: string): Promise<string | undefined> =>
      findProgram(name, { PATH: path }, [two]);
    assert.is(await find("server", one), join(two, "server"));
    await symlink(join(two, "server"), join(one, "alias"));
    assert.is(await find("alias", `relative:${one}`), join(one, "alias"));
    assert.is(await find("folder", one), undefined);
    assert.is(await findProgram("server", {}, []), undefined);
  }));

test("what a program did is told, never thrown", async () => {
  const run = { environment: { WORD: "here" }, timeoutMs: 5_000 };
  const said = await runProgram("/bin/sh", ["-c", "echo $WORD; echo no >&2; exit 4"], run);
  assert.equal(said, { code: 4, stdout: "here\n", stderr: "no\n" });
  const missing = await runProgram("/nowhere/at/all", [], run);
  assert.is(missing.code, undefined);
  assert.match(missing.stderr, "ENOENT");
  const slow = await runProgram("/bin/sh", ["-c", "exec sleep 600"], { ...run, timeoutMs: 100 });
  assert.is(slow.code, undefined);
});

test("service starts are forbidden for as long as we live, and only once", () =>
  withFolder(async (dir) => {
    const file = join(dir, "policy-rc.d");
    assert.ok(await forbidServiceStarts(file));
    assert.is((await stat(file)).mode & 0o777, 0o755);
    const run = { environment: {}, timeoutMs: 5_000 };
    assert.is((await runProgram(file, ["redis-server", "start"], run)).code, 101);
    // The same file after its maker's end: nothing stays forbidden.
    const ended = await runProgram("/bin/sh", ["-c", "echo $$"], run);
    const stale = (await readFile(file, "utf8")).replaceAll(
      String(process.pid),
      ended.stdout.trim(),
    );
    await writeFile(file, stale);
    assert.is((await runProgram(file, ["redis-server", "start"], run)).code, 0);
    assert.ok(await forbidServiceStarts(file), "a stale one of ours is replaced");
  }));

test("somebody else's policy is left as it is", () =>
  withFolder(async (dir) => {
    const file = join(dir, "policy-rc.d");
    await program(file, "exit 104");
    const before = await readFile(file, "utf8");
    assert.not.ok(await forbidServiceStarts(file));
    assert.is(await readFile(file, "utf8"), before);
  }));

test("a package that does not exist gives apt's own reason, or why apt was not tried", async () => {
  const environment = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" };
  const packages = ["reservex-no-such-package"];
  const apt = await installWithApt(packages, { environment, log: () => undefined });
  assert.is.not(apt.outcome, "installed");
  const because = apt.outcome === "installed" ? "" : apt.because;
  assert.match(because, /^(only root|there is no apt-get|apt-get: E: )/);
});

test.run();
