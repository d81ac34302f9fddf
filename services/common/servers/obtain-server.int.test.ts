/** Promises about how a server is come by, kept with programs made for the purpose. */
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { NATS } from "./nats-server.ts";
import { dockerArgs, type HostOptions, obtainServer } from "./obtain-server.ts";
import { REDIS, startRedis } from "./redis-server.ts";
import { ServerUnavailable } from "./server-unavailable.ts";
import { withFolder } from "./test-aids.ts";

async function program(path: string, script: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
}

/** Sees only what lies in `dir`, and installs nothing. */
function only(dir: string): HostOptions {
  return {
    environment: { PATH: dir },
    usualFolders: [],
    mayInstall: false,
    log: () => undefined,
  };
}

test("the program itself is taken before Docker", () =>
  withFolder(async (dir) => {
    await program(join(dir, "redis-server"), "exit 0");
    await program(join(dir, "docker"), "echo 28.0");
    const source = await obtainServer(REDIS, only(dir));
    assert.equal(source, { from: "program", path: join(dir, "redis-server") });
  }));

test("Docker is taken only when a daemon answers", () =>
  withFolder(async (dir) => {
    await program(join(dir, "docker"), "echo 28.0");
    assert.equal(await obtainServer(NATS, only(dir)), {
      from: "docker",
      path: join(dir, "docker"),
    });
    await program(join(dir, "docker"), "echo 'Cannot connect to the daemon' >&2; exit 1");
    const error = await obtainServer(NATS, only(dir)).catch((e) => e);
    assert.instance(error, ServerUnavailable);
    assert.is(
      error.message,
      "NATS is not installed (no Docker daemon answers): install the package nats-server, start Docker, or set NATS_URL",
    );
  }));

test("where there is nothing, the error names what to install", () =>
  withFolder(async (dir) => {
    const error = await obtainServer(REDIS, only(dir)).catch((e) => e);
    assert.is(
      error.message,
      "Redis is not installed: install the package redis-server, start Docker, or set REDIS_URL",
    );
  }));

test("in Docker the port is on this machine alone, and the folder where the image wants it", () => {
  const plan = {
    kind: REDIS,
    programArgs: () => [],
    imageArgs: ["redis-server", "--save", ""],
    mount: { from: "/our/folder", to: "/data" },
  };
  assert.equal(dockerArgs(plan, "name", 7000), [
    ...["run", "--rm", "--init", "--name", "name", "--publish", "127.0.0.1:7000:6379"],
    ...["--volume", "/our/folder:/data", "redis:7", "redis-server", "--save", ""],
  ]);
});

test("a container is run in the foreground, asked to end, and removed by its name", () =>
  withFolder(async (dir) => {
    const calls = join(dir, "calls");
    await mkdir(join(dir, "bin"));
    await program(
      join(dir, "bin", "docker"),
      `echo "$@" >> ${calls}
       case $1 in
         info) echo 28.0 ;;
         run) trap 'echo asked >> ${calls}; exit 0' TERM
              echo 'Ready to accept connections tcp'
              while :; do /bin/sleep 0.05; done ;;
       esac`,
    );
    const server = await startRedis(only(join(dir, "bin")));
    assert.is(server.url, `redis://127.0.0.1:${server.port}`);
    await server.stop();
    const [info, run, asked, remove] = (await readFile(calls, "utf8")).split("\n");
    assert.match(info as string, "info --format");
    assert.match(run as string, `--publish 127.0.0.1:${server.port}:6379 redis:7 redis-server`);
    assert.is(asked, "asked");
    assert.match(remove as string, /^rm --force reservex-redis-server-[0-9a-f]{8}$/);
  }));

test.run();
