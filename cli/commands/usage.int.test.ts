import { mkdir, readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  type Environment,
  FREE_PORTS,
  removeDataFolder,
  reservex,
  temporaryFolder,
} from "../testing/processes.ts";

const oneLine = (text: string): boolean => text.trim().split("\n").length === 1;

test("wrong usage is named, with exit code 64", async () => {
  const cases: [readonly string[], RegExp][] = [
    [["demo", "--colour"], /unknown option '--colour'/],
    [["fly"], /unknown command 'fly'/],
    [["demo", "--clients", "many"], /--clients.*whole number/],
    [["demo", "--absent", "101"], /--absent.*0 to 100/],
    [["demo", "--arrivals", "wave"], /--arrivals/],
    [["demo", "--arrivals", "replay:/nowhere.csv"], /replay:\/nowhere.csv: cannot be read/],
    [["up", "--services", "queue,parking"], /"parking" is none of/],
    [["simulate", "--target", "queue=nowhere"], /not service=url/],
    [["judge", "/nowhere"], /no such record of a run/],
    [
      ["user", "create", "--email", "a@example.com", "--password", "short", "--name", "A"],
      /--password/,
    ],
  ];
  for (const [args, words] of cases) {
    const { code, stdout, stderr } = await reservex(args);
    assert.is(code, 64, `${args.join(" ")}: ${stderr}`);
    assert.match(stderr, words);
    assert.is(stdout, "", "results only on stdout");
  }
});

test("a wrong setting is one line that names the variable", async () => {
  const cases: [Environment, RegExp][] = [
    [{ QUEUE_PORT: "seventy" }, /QUEUE_PORT=seventy/],
    [{ DATABASE_URL: "oracle://x" }, /DATABASE_URL=/],
    [{ NODE_ENV: "production", ALLOW_TEST_ACCOUNTS: "true" }, /ALLOW_TEST_ACCOUNTS/],
    [{ QUEUE_PORT: "9001", SAGA_PORT: "9001" }, /SAGA_PORT=9001|QUEUE_PORT=9001/],
  ];
  for (const [environment, words] of cases) {
    const { code, stderr } = await reservex(["up"], { ...FREE_PORTS, ...environment });
    assert.is(code, 64, stderr);
    assert.match(stderr, words);
    assert.ok(oneLine(stderr), stderr);
  }
});

test("a service alone says that it needs NATS to meet the others", async () => {
  const { code, stderr } = await reservex(["up", "--services", "queue"], FREE_PORTS);
  assert.is(code, 64);
  assert.match(stderr, "set NATS_URL");
});

test("a taken port is named with its holder, and nothing is half-started", async () => {
  const holder = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => holder.once("listening", resolve));
  const { port } = holder.address() as AddressInfo;
  const dataDir = await temporaryFolder();
  const { code, stderr } = await reservex(["up", "--data", dataDir], {
    ...FREE_PORTS,
    SAGA_PORT: String(port),
  });
  holder.close();
  assert.is(code, 69, stderr);
  assert.match(stderr, `port ${port} (saga) is in use`);
  if (process.platform === "linux") assert.match(stderr, `pid ${process.pid}`);
  assert.match(stderr, "SAGA_PORT");
  assert.ok(oneLine(stderr), stderr);
  assert.equal(await readdir(dataDir), [], "no cluster was made");
  await removeDataFolder(dataDir);
});

test("servers that do not answer are named, within seconds", async () => {
  const away: [Environment, RegExp][] = [
    [{ DATABASE_URL: "postgresql://me:secret@127.0.0.1:1/postgres" }, /127\.0\.0\.1:1/],
    [{ NATS_URL: "nats://127.0.0.1:1" }, /NATS_URL/],
  ];
  for (const [environment, words] of away) {
    const { code, stderr } = await reservex(["up"], {
      ...FREE_PORTS,
      LOG_LEVEL: "fatal",
      ...environment,
    });
    assert.is(code, 69, stderr);
    assert.match(stderr, words);
    assert.not.match(stderr, "secret");
    assert.ok(oneLine(stderr), stderr);
  }
});

test("a data folder that cannot be written is named", async () => {
  const dataDir = await temporaryFolder();
  // A file where the folder should be stops root as well, whom permissions do not.
  const blocked = join(dataDir, "file");
  await writeFile(blocked, "");
  const { code, stderr } = await reservex(["up", "--data", join(blocked, "data")], FREE_PORTS);
  assert.is(code, 69, stderr);
  assert.match(stderr, blocked);
  assert.ok(oneLine(stderr), stderr);
  await removeDataFolder(dataDir);
});

test("a run's folder is never overwritten, and an unwritable one is named", async () => {
  const dir = await temporaryFolder();
  await writeFile(join(dir, "history.ndjson"), "");
  const taken = await reservex(["demo", "--out", dir]);
  assert.is(taken.code, 64, taken.stderr);
  assert.match(taken.stderr, "there is a run in this folder");
  const blocked = join(dir, "history.ndjson", "run");
  const refused = await reservex(["demo", "--out", blocked]);
  assert.is(refused.code, 69, refused.stderr);
  assert.match(refused.stderr, blocked);
  await removeDataFolder(dir);
});

test("with --json an error is a document too, alone on stdout", async () => {
  const { code, stdout } = await reservex(["judge", "/nowhere", "--json"]);
  assert.is(code, 64);
  assert.is(JSON.parse(stdout).exitCode, 64);
});

test("a broken record is refused with the line that is wrong", async () => {
  const dir = await temporaryFolder();
  await mkdir(join(dir, "run"));
  await writeFile(join(dir, "run", "history.ndjson"), '{"kind":"op"}\n{"kind":"op"}\n');
  const { code, stderr } = await reservex(["judge", join(dir, "run")]);
  assert.is(code, 64);
  assert.match(stderr, "line 1");
  await removeDataFolder(dir);
});

test("the doctor says what is there, as text and as a document", async () => {
  const dir = await temporaryFolder();
  const text = await reservex(["doctor", "--data", dir], FREE_PORTS);
  assert.is(text.code, 0, text.stdout + text.stderr);
  assert.match(text.stdout, /✔ postgresql\s+embedded, 18/);
  const { stdout } = await reservex(["doctor", "--data", dir, "--json"], FREE_PORTS);
  assert.is(JSON.parse(stdout).healthy, true);
  await removeDataFolder(dir);
});

test.run();
