/** Promises of the embedded PostgreSQL as root and as others: what each may reach and write. */
import { execFileSync } from "node:child_process";
import {
  chmod,
  chown,
  cp,
  lstat,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { withClient } from "../database.ts";
import {
  type PostgresOptions,
  removeEmbeddedPostgres,
  startEmbeddedPostgres,
} from "./embedded-postgres.ts";
import { locatePostgres, usableBinaries } from "./postgres-binaries.ts";
import { sweepTemporaryClusters } from "./postgres-cluster.ts";
import { canEnter, ensureSystemUser, findSystemUser, type Identity } from "./postgres-user.ts";
import { runProgram } from "./programs.ts";
import { processesWith, runScript, withFolder } from "./test-aids.ts";
import { runWatched } from "./watched-process.ts";

const nobody = await findSystemUser("nobody");
const isRoot = process.getuid?.() === 0;
const reasonToSkip = !isRoot
  ? "not root"
  : nobody === undefined || !(await canEnter(nobody, import.meta.dirname))
    ? "the user nobody cannot reach this project"
    : undefined;
if (reasonToSkip !== undefined) process.stderr.write(`some tests are skipped: ${reasonToSkip}\n`);
const asRoot = isRoot ? test : test.skip;
const asNobody = reasonToSkip === undefined ? test : test.skip;

function options(dir: string, rest: Partial<PostgresOptions> = {}): PostgresOptions {
  const stateDir = join(dir, "state");
  return { dataDir: join(dir, "data"), stateDir, durable: false, log: () => undefined, ...rest };
}

function withOpenFolder<T>(work: (dir: string) => Promise<T>): Promise<T> {
  return withFolder(async (dir) => {
    await chmod(dir, 0o755);
    return work(dir);
  });
}

async function answersOn(url: string): Promise<boolean> {
  const { rowCount } = await withClient(url, (client) => client.query("select 1"));
  return rowCount === 1;
}

/** Starts and stops PostgreSQL as another user; gives the cluster's folder, or the error. */
async function startAs(identity: Identity, dataDir: string): Promise<string> {
  const script = runScript(
    `
    import { startEmbeddedPostgres } from "./embedded-postgres.ts";
    const start = startEmbeddedPostgres({
      dataDir: ${JSON.stringify(dataDir)}, durable: false, log: () => undefined });
    const said = await start.then(
      async (server) => { await server.stop(); return server.dataDir; }, (error) => error.message);
    process.stdout.write(said + "\\n");`,
    identity,
  );
  const line = await script.firstLine;
  await script.ended;
  return line;
}

asRoot("as root the server runs as another user, in the data folder where it can be reached", () =>
  withOpenFolder(async (dir) => {
    const server = await startEmbeddedPostgres(options(dir));
    assert.is(server.dataDir, join(dir, "data", "cluster"));
    const user = await findSystemUser("postgres");
    assert.is((await stat(`/proc/${server.pid}`)).uid, user?.uid);
    assert.ok(await answersOn(server.url("postgres")));
    await server.stop();
    // Where the project itself is closed to that user, a copy of the programs is; never the data.
    const elsewhere = await readdir(join(dir, "state")).catch((): string[] => []);
    assert.not.ok(elsewhere.includes("clusters"), "no data is kept elsewhere");
  }),
);

asRoot("a data folder closed to that user gets its cluster elsewhere, and a note of it", () =>
  withOpenFolder(async (dir) => {
    const dataDir = join(dir, "closed", "data");
    await mkdir(join(dir, "closed"), { mode: 0o700 });
    const wanted = options(dir, { dataDir });
    const first = await startEmbeddedPostgres(wanted);
    assert.ok(first.dataDir.startsWith(join(dir, "state", "clusters")), first.dataDir);
    const note = await readFile(join(dataDir, "cluster-location"), "utf8");
    assert.is(note, `${first.dataDir}\n`);
    await withClient(first.url("postgres"), (client) => client.query("create table kept ()"));
    await first.stop();
    const second = await startEmbeddedPostgres(wanted);
    assert.is(second.dataDir, first.dataDir);
    await withClient(second.url("postgres"), (client) => client.query("select from kept"));
    await second.stop();
    await removeEmbeddedPostgres(dataDir, join(dir, "state"));
    assert.equal(await readdir(join(dir, "state", "clusters")), []);
    // A folder that was deleted by hand begins anew, whatever is still kept for it.
    await (await startEmbeddedPostgres(wanted)).stop();
    await rm(dataDir, { recursive: true });
    await (await startEmbeddedPostgres({ ...wanted, durable: true })).stop();
    await rm(dataDir, { recursive: true });
    const third = await startEmbeddedPostgres(wanted);
    assert.not.equal(third.dataDir, first.dataDir);
    assert.ok(await answersOn(third.url("postgres")));
    await third.stop();
    await removeEmbeddedPostgres(dataDir, join(dir, "state"));
    assert.equal(await readdir(join(dir, "closed")), []);
  }),
);

asRoot("programs closed to that user are kept as a copy that it can run, made once", () =>
  withOpenFolder(async (dir) => {
    const found = await locatePostgres();
    const home = join(dir, "closed", "native");
    await mkdir(join(dir, "closed"), { mode: 0o700 });
    await cp(found.home, home, { recursive: true, verbatimSymlinks: true });
    const wanted = options(dir, { locate: async () => ({ ...found, home }) });
    const first = await startEmbeddedPostgres(wanted);
    assert.ok(await answersOn(first.url("postgres")));
    await first.stop();
    const kept = await readdir(join(dir, "state"));
    assert.equal(kept, [`postgres-${found.version}-${process.arch}`]);
    const copy = join(dir, "state", kept[0] as string);
    const original = await lstat(join(home, "bin", "postgres"));
    assert.is((await lstat(join(copy, "bin", "postgres"))).ino, original.ino, "a hard link");
    const made = (await lstat(copy)).birthtimeMs;
    await (await startEmbeddedPostgres(wanted)).stop();
    assert.is((await lstat(copy)).birthtimeMs, made);
  }),
);

asRoot("files that only root may read are copied, and missing short names of libraries made", () =>
  withOpenFolder(async (dir) => {
    const found = await locatePostgres();
    const home = join(dir, "closed", "native");
    await mkdir(join(dir, "closed"), { mode: 0o700 });
    // As an installer leaves it that runs under umask 077 and skips install scripts.
    await cp(found.home, home, {
      recursive: true,
      filter: async (path) => !(await lstat(path)).isSymbolicLink(),
    });
    execFileSync("chmod", ["-R", "go-rwx", home]);
    const user = await findSystemUser("postgres");
    const usable = await usableBinaries({ ...found, home }, user, join(dir, "state"));
    const program = join(usable.home, "bin", "postgres");
    const run = { environment: {}, timeoutMs: 5_000, ...user };
    assert.match((await runProgram(program, ["--version"], run)).stdout, "PostgreSQL");
    assert.not.equal(dirname(dirname(program)), home);
  }),
);

asRoot("what killed temporary servers left outside is swept, and nothing else", () =>
  withOpenFolder(async (dir) => {
    const clusters = join(dir, "clusters");
    const owners: [string, { dataDir: string; temporary: boolean }][] = [
      ["gone", { dataDir: join(dir, "gone"), temporary: true }],
      ["there", { dataDir: dir, temporary: true }],
      ["durable", { dataDir: join(dir, "gone"), temporary: false }],
    ];
    for (const [name, owner] of owners) {
      await mkdir(join(clusters, name, "cluster"), { recursive: true });
      await writeFile(join(clusters, name, "belongs-to.json"), JSON.stringify(owner));
    }
    await mkdir(join(clusters, "foreign"));
    await sweepTemporaryClusters(dir);
    assert.equal((await readdir(clusters)).sort(), ["durable", "foreign", "there"]);
  }),
);

asRoot("a process id that another program of that user has now does not keep the server down", () =>
  withOpenFolder(async (dir) => {
    const first = await startEmbeddedPostgres(options(dir));
    const pidFile = join(first.dataDir, "postmaster.pid");
    const text = await readFile(pidFile, "utf8");
    await first.stop();
    const user = (await findSystemUser("postgres")) as Identity;
    const pidOfStranger = join(dir, "stranger");
    await writeFile(pidOfStranger, "");
    await chown(pidOfStranger, user.uid, user.gid);
    const stranger = runWatched({
      command: "/bin/sh",
      args: ["-c", 'echo $$ > "$1"; exec sleep 600', "sh", pidOfStranger],
      ...user,
      stopSignal: "SIGTERM",
      timeoutMs: 60_000,
    });
    let pid = "";
    while (pid === "") pid = (await readFile(pidOfStranger, "utf8")).trim();
    await writeFile(pidFile, text.replace(/^\d+/, pid));
    await chown(pidFile, user.uid, user.gid);
    const second = await startEmbeddedPostgres(options(dir));
    assert.ok(await answersOn(second.url("postgres")));
    await second.stop();
    process.kill(Number(pid), "SIGTERM");
    assert.equal((await stranger).signal, "SIGTERM", "the stranger was left in peace");
  }),
);

asRoot("a disk that is full is said in one line, and nothing half-made stays", () =>
  withOpenFolder(async (dir) => {
    const small = join(dir, "small");
    await mkdir(small);
    const mounted = await runProgram(
      "/bin/mount",
      ["-t", "tmpfs", "-o", "size=16m,mode=755", "tmpfs", small],
      { environment: {}, timeoutMs: 5_000 },
    );
    if (mounted.code !== 0) {
      process.stderr.write(`no small disk to be had: ${mounted.stderr}\n`);
      return;
    }
    try {
      const wanted = options(dir, { dataDir: join(small, "data") });
      const error = await startEmbeddedPostgres(wanted).catch((e) => e);
      assert.match(error.message, /^cannot make a database in .*No space left on device/);
      assert.equal(
        (await readdir(join(small, "data"))).filter((name) => name.startsWith("cluster")),
        [],
      );
    } finally {
      execFileSync("umount", [small]);
    }
  }),
);

asRoot("the system user is made when it is absent", async () => {
  const name = `reservex-t${process.pid}`;
  assert.is(await findSystemUser(name), undefined);
  try {
    const made = await ensureSystemUser(name);
    assert.ok(made.uid > 0);
    assert.equal(await ensureSystemUser(name), made);
  } finally {
    execFileSync("userdel", [name]);
  }
});

asNobody("a normal user's server runs as that user, in the data folder", () =>
  withOpenFolder(async (dir) => {
    const user = nobody as Identity;
    await chown(dir, user.uid, user.gid);
    const dataDir = join(dir, "data");
    const cluster = join(dataDir, "cluster");
    assert.is(await startAs(user, dataDir), cluster);
    assert.is((await stat(cluster)).uid, user.uid);
    // Root may use it afterwards: the server then runs as the folder's owner.
    const server = await startEmbeddedPostgres(options(dir));
    assert.is((await stat(`/proc/${server.pid}`)).uid, user.uid);
    await server.stop();
    assert.is(await startAs(user, dataDir), cluster);
    assert.equal(await processesWith(dir), []);
  }),
);

asNobody("a folder that may not be written is named in one line", () =>
  withOpenFolder(async (dir) => {
    const user = nobody as Identity;
    const line = await startAs(user, join(dir, "data"));
    assert.match(line, `cannot use the folder ${join(dir, "data")}: EACCES`);
    await (await startEmbeddedPostgres(options(dir))).stop();
    assert.match(await startAs(user, join(dir, "data")), /cannot lock the folder .*EACCES/);
  }),
);

test.run();
