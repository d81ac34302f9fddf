/** The system user that PostgreSQL runs as when we are root, since it refuses to run as root. */
import { findProgram, type RunResult, runProgram } from "./programs.ts";
import { ServerUnavailable } from "./server-unavailable.ts";

export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

const TIMEOUT_MS = 20_000;
/** Nothing of our own environment matters to these programs. */
const ENVIRONMENT: NodeJS.ProcessEnv = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };

/** The user's ids, or undefined when the system knows no such user. */
export async function findSystemUser(name: string): Promise<Identity | undefined> {
  const [uid, gid] = await Promise.all([run("id", ["-u", name]), run("id", ["-g", name])]);
  if (uid.code !== 0 || gid.code !== 0) return undefined;
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

/**
 * The user's ids; as root the user is made when absent: no password, no shell, no home.
 * @throws ServerUnavailable when it is absent and cannot be made
 */
export async function ensureSystemUser(name: string): Promise<Identity> {
  const known = await findSystemUser(name);
  if (known !== undefined) return known;
  const failures: string[] = [];
  for (const [program, args] of await waysToAdd(name)) {
    const { code, stderr } = await run(program, args);
    if (code !== 0) failures.push(stderr.trim());
  }
  // Asked again whatever came back: another process may have made it at the same moment.
  const made = await findSystemUser(name);
  if (made !== undefined) return made;
  const because = failures.length === 0 ? "there is no useradd or adduser" : failures.join("; ");
  throw new ServerUnavailable(
    `PostgreSQL does not run as root, and the user "${name}" cannot be made (${because}): start as a normal user, or set DATABASE_URL`,
  );
}

/** useradd where it exists; else busybox, whose adduser has other options than Debian's. */
async function waysToAdd(name: string): Promise<[string, string[]][]> {
  if ((await findProgram("useradd", ENVIRONMENT)) !== undefined) {
    const home = ["--home-dir", "/nonexistent", "--no-create-home"];
    const account = ["--system", "--gid", name, ...home, "--shell", "/usr/sbin/nologin", name];
    return [
      ["groupadd", ["--system", "--force", name]],
      ["useradd", account],
    ];
  }
  if ((await findProgram("adduser", ENVIRONMENT)) !== undefined) {
    return [
      ["addgroup", ["-S", name]],
      ["adduser", ["-S", "-D", "-H", "-G", name, "-s", "/sbin/nologin", name]],
    ];
  }
  return [];
}

/**
 * Runs a short program as this user (as ourselves when undefined), which answers what the user may
 * do better than reading modes would: access lists, mount options and missing libraries count too.
 */
export function runAs(
  identity: Identity | undefined,
  program: string,
  args: readonly string[],
): Promise<RunResult> {
  return runProgram(program, args, {
    environment: ENVIRONMENT,
    timeoutMs: TIMEOUT_MS,
    uid: identity?.uid,
    gid: identity?.gid,
  });
}

/** Whether this user may go through all folders down to `dir`. */
export async function canEnter(identity: Identity | undefined, dir: string): Promise<boolean> {
  return (await runAs(identity, "/bin/sh", ["-c", 'cd "$1"', "sh", dir])).code === 0;
}

async function run(name: string, args: readonly string[]): Promise<RunResult> {
  const program = (await findProgram(name, ENVIRONMENT)) ?? name;
  return runAs(undefined, program, args);
}
