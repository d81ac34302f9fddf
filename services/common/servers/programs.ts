/** Finds programs on this machine, runs short ones, and installs missing ones through apt. */
import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, open, readFile, rm, stat } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { messageOf, ServerUnavailable, systemCode } from "./server-unavailable.ts";

export interface RunOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

export interface RunResult {
  /** undefined when it could not be started or took longer than it was given. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface AptOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly log: (line: string) => void;
  /** Where apt asks whether services may start; another place only for tests. */
  readonly policyFile?: string;
}

export type AptOutcome =
  | { readonly outcome: "installed" }
  /** Not root, or not a Debian: nothing was tried. */
  | { readonly outcome: "notPossible"; readonly because: string }
  | { readonly outcome: "failed"; readonly because: string };

/** Servers often lie where a normal user's PATH does not look. */
export const USUAL_FOLDERS: readonly string[] = [
  "/usr/local/sbin",
  "/usr/local/bin",
  "/usr/sbin",
  "/usr/bin",
  "/sbin",
  "/bin",
  "/opt/homebrew/bin",
];

const POLICY_FILE = "/usr/sbin/policy-rc.d";
const POLICY_MARK = "# Made by ReserveX, pid ";
const POLICY_WAIT_MS = 120_000;
const POLICY_POLL_MS = 500;
const APT_TIMEOUT_MS = 300_000;
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

/** The full path of a program on PATH or in the usual folders; undefined when there is none. */
export async function findProgram(
  name: string,
  environment: NodeJS.ProcessEnv,
  usualFolders: readonly string[] = USUAL_FOLDERS,
): Promise<string | undefined> {
  const onPath = (environment.PATH ?? "").split(delimiter).filter(isAbsolute);
  for (const folder of new Set([...onPath, ...usualFolders])) {
    const path = join(folder, name);
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

/** Runs a program that ends by itself. Never rejects: what went wrong stands in the result. */
export function runProgram(
  command: string,
  args: readonly string[],
  options: RunOptions,
): Promise<RunResult> {
  const { environment: env, timeoutMs: timeout, uid, gid } = options;
  return new Promise((resolve) => {
    const settings = { cwd: "/", env, timeout, maxBuffer: MAX_OUTPUT_BYTES };
    const identity = {
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    };
    try {
      execFile(command, args, { ...settings, ...identity }, (error, stdout, stderr) => {
        if (error === null) return resolve({ code: 0, stdout, stderr });
        const code = typeof error.code === "number" ? error.code : undefined;
        resolve({ code, stdout, stderr: stderr === "" ? error.message : stderr });
      });
    } catch (error) {
      resolve({ code: undefined, stdout: "", stderr: messageOf(error) });
    }
  });
}

/**
 * Installs Debian packages, as root and where there is apt-get. The packages' own services are not
 * started. Calls of one process run one after the other.
 */
export function installWithApt(
  packages: readonly string[],
  options: AptOptions,
): Promise<AptOutcome> {
  const result = lastInstall.then(() => install(packages, options));
  lastInstall = result.catch(() => undefined);
  return result;
}

let lastInstall: Promise<unknown> = Promise.resolve();

async function install(packages: readonly string[], options: AptOptions): Promise<AptOutcome> {
  if (process.getuid?.() !== 0) return { outcome: "notPossible", because: "only root may install" };
  const apt = await findProgram("apt-get", options.environment);
  if (apt === undefined) return { outcome: "notPossible", because: "there is no apt-get here" };
  const policyFile = options.policyFile ?? POLICY_FILE;
  const ours = await forbidServiceStarts(policyFile);
  try {
    return await runApt(apt, packages, options);
  } finally {
    if (ours) await rm(policyFile, { force: true });
  }
}

async function runApt(
  apt: string,
  packages: readonly string[],
  { environment, log }: AptOptions,
): Promise<AptOutcome> {
  const env = { ...environment, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" };
  const run = { environment: env, timeoutMs: APT_TIMEOUT_MS };
  const common = ["-y", "-q", "-o", "DPkg::Lock::Timeout=120"];
  const args = ["install", "--no-install-recommends", ...common, "--", ...packages];
  log(`installing ${packages.join(", ")} with apt-get`);
  const first = await runProgram(apt, args, run);
  if (first.code === 0) return { outcome: "installed" };
  if (listsAreFresh) return aptFailed(first);
  // The usual reason on a fresh machine: its package lists are empty or out of date.
  log("apt-get update, then once more");
  listsAreFresh = (await runProgram(apt, ["update", ...common], run)).code === 0;
  const second = await runProgram(apt, args, run);
  return second.code === 0 ? { outcome: "installed" } : aptFailed(second);
}

/** Once in the life of a process is enough. */
let listsAreFresh = false;

function aptFailed({ stderr }: RunResult): AptOutcome {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "");
  const because = lines.find((line) => line.startsWith("E:")) ?? lines.at(-1) ?? "no reason given";
  return { outcome: "failed", because: `apt-get: ${because.trim()}` };
}

/**
 * Makes the file that Debian's packages ask before they start their service. True when it is ours
 * to remove; false when somebody else's is in place and decides.
 * It forbids only as long as this process lives, so that a crash leaves nothing forbidden.
 * @throws ServerUnavailable when another install of ours does not come to its end
 */
export async function forbidServiceStarts(policyFile: string): Promise<boolean> {
  const text = [
    "#!/bin/sh",
    `${POLICY_MARK}${process.pid}`,
    `kill -0 ${process.pid} 2>/dev/null && exit 101`,
    "exit 0",
    "",
  ].join("\n");
  for (let waited = 0; waited <= POLICY_WAIT_MS; waited += POLICY_POLL_MS) {
    if (await createExecutable(policyFile, text)) return true;
    const existing = await readFile(policyFile, "utf8").catch(() => undefined);
    if (existing === undefined) continue;
    const maker = makerOf(existing);
    if (maker === undefined) return false;
    if (isAlive(maker) && maker !== process.pid) await pause(POLICY_POLL_MS);
    else await rm(policyFile, { force: true });
  }
  throw new ServerUnavailable(`another install still uses ${policyFile}: try again later`);
}

function makerOf(policy: string): number | undefined {
  const line = policy.split("\n").find((text) => text.startsWith(POLICY_MARK));
  return line === undefined ? undefined : Number(line.slice(POLICY_MARK.length));
}

/** Whether a process with this id runs, ours or another user's. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === "EPERM";
  }
}

async function createExecutable(path: string, text: string): Promise<boolean> {
  try {
    const file = await open(path, "wx", 0o755);
    await file.writeFile(text);
    // The mode given to open is cut by the umask.
    await file.chmod(0o755);
    await file.close();
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw new ServerUnavailable(`cannot write ${path}: ${messageOf(error)}`, [], error);
  }
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
