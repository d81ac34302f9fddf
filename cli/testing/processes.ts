/** The command line as its users start it: real processes, for tests of what only whole processes show. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { processEnvironment } from "../../services/common/config.ts";
import { removeEmbeddedPostgres } from "../../services/common/servers/embedded-postgres.ts";

export const MAIN = join(import.meta.dirname, "..", "main.ts");
/** Starting a command is mostly reading its source: with what was read before, a third less work. */
const COMPILE_CACHE = join(import.meta.dirname, "../../node_modules/.cache/reservex-compile");
/** Longer than anything a test waits for, shorter than the runner's own patience. */
const TIMEOUT_MS = 150_000;

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export type Environment = Readonly<Record<string, string>>;

/** Services' ports are free ones, so that tests run beside each other and beside a real stack. */
export const FREE_PORTS: Environment = {
  TICKET_PORT: "0",
  ACCOUNT_PORT: "0",
  PAYMENT_PORT: "0",
  QUEUE_PORT: "0",
  SAGA_PORT: "0",
};

/** Little of this shell's: nothing that sets the command up. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const { PATH, HOME } = processEnvironment();
  return { PATH, HOME, CI: "true", NODE_COMPILE_CACHE: COMPILE_CACHE };
}

function start(args: readonly string[], environment: Environment): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], {
    env: { ...plainEnvironment(), ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Runs a command to its end; `during` may poke at it meanwhile. */
export async function reservex(
  args: readonly string[],
  environment: Environment = {},
  during?: (child: ChildProcess) => void,
): Promise<Finished> {
  const child = start(args, environment);
  const timer = setTimeout(() => child.kill("SIGKILL"), TIMEOUT_MS);
  const output = collect(child);
  during?.(child);
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  clearTimeout(timer);
  return { code, ...output };
}

export interface RunningStack {
  readonly pid: number;
  readonly urls: Readonly<Record<string, string>>;
  /** As a power cut would: no goodbye. */
  killHard(): Promise<void>;
  /** Ctrl-C; resolves with the exit code. */
  stop(): Promise<number | null>;
}

/** `reservex up` in a process of its own; resolves when it says that it is up. */
export async function startUp(
  args: readonly string[],
  environment: Environment,
): Promise<RunningStack> {
  const child = start(["up", "--json", ...args], environment);
  const output = collect(child);
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const ready = new Promise<void>((resolve) => {
    child.stdout?.on("data", () => {
      if (output.stdout.trimEnd().endsWith("}") && output.stdout.includes('"urls"')) resolve();
    });
  });
  const code = await Promise.race([ready, ended]);
  if (code !== undefined) throw new Error(`up ended with ${code}: ${output.stderr}`);
  const { pid, urls } = JSON.parse(output.stdout);
  return {
    pid,
    urls,
    async killHard() {
      child.kill("SIGKILL");
      await ended;
    },
    async stop() {
      child.kill("SIGINT");
      return ended;
    },
  };
}

function collect(child: ChildProcess): { stdout: string; stderr: string } {
  const output = { stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk) => {
    output.stdout += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    output.stderr += chunk;
  });
  return output;
}

export async function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "reservex-test-"));
}

/** Deletes a data folder, and its cluster where that lies elsewhere. */
export const removeDataFolder = (dir: string): Promise<void> => removeEmbeddedPostgres(dir);
