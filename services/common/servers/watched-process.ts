/** Runs a server as a child that ends with us, even when we are killed with SIGKILL. */
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { messageOf, ServerUnavailable } from "./server-unavailable.ts";

/** How a child ended: exactly one of the two is not null. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface LaunchOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** Default: "/", because our own folder may be closed to the user in `uid`. */
  readonly cwd?: string | undefined;
  /** The child's whole environment; default: a standard PATH and nothing else. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /**
   * Asks the child to end. A POSIX shell starts background commands with SIGINT and SIGQUIT
   * ignored, so those two fit only programs that install a handler of their own (PostgreSQL does).
   */
  readonly stopSignal: "SIGTERM" | "SIGINT" | "SIGQUIT";
  /** From the stop signal to SIGKILL; default 10 000. */
  readonly stopTimeoutMs?: number | undefined;
  readonly onLine?: ((line: string) => void) | undefined;
}

export interface WatchOptions extends LaunchOptions {
  /** Sees each line of stdout and stderr; true once the server may be used. */
  readonly ready: (line: string) => boolean;
  readonly readyTimeoutMs: number;
}

export interface WatchedProcess {
  /** The server's own process id, not its wrapper's. */
  readonly pid: number;
  /** Never rejects. A code above 128 that stands for a signal is told as the signal. */
  readonly exited: Promise<Exit>;
  /** Ends the child: stop signal, then SIGKILL. Resolves once it is gone; may be called again. */
  stop(): Promise<void>;
  /** The last lines of its output, oldest first. */
  tail(): string[];
}

const STANDARD_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const TAIL_LINES = 50;
const LINE_CHARACTERS = 4096;
const STOP_TIMEOUT_MS = 10_000;
const AFTER_KILL_MS = 2_000;
/** Orphans of a killed server may hold its output open; the exit does not wait for them longer. */
const LAST_LINES_MS = 250;

/**
 * The wrapper. fd 0 is a pipe that only we hold; fd 3 takes the child's pid back to us.
 * Each line on fd 0 is a signal to pass on; its end means that we are gone. The one who waits and
 * the one who reads are two processes, since no POSIX shell does both at once. The last nap is cut
 * into seconds so that at worst a `sleep 1` outlives the wrapper.
 */
const WRAPPER = `
exec 4<&0 </dev/null
stop=$1 grace=$2
shift 2
"$@" 3>&- 4<&- &
child=$!
(
  while read -r signal; do kill -s "$signal" "$child"; done
  kill -s "$stop" "$child"
  nap=
  trap '[ -z "$nap" ] || kill "$nap"; exit 0' TERM
  while [ "$grace" -gt 0 ] && kill -0 "$child"; do
    sleep 1 & nap=$!
    wait "$nap"
    grace=$((grace - 1))
  done
  [ "$grace" -gt 0 ] || kill -s KILL "$child"
) <&4 3>&- 4<&- >/dev/null 2>&1 &
watcher=$!
exec 4<&-
echo "$child" >&3
exec 3>&- >/dev/null 2>&1
wait "$child"
code=$?
kill "$watcher"
wait "$watcher"
exit "$code"
`;

interface Launched {
  /** undefined when the wrapper ended before it could say. */
  readonly pid: Promise<number | undefined>;
  readonly exited: Promise<Exit>;
  /** The wrapper itself could not be started. */
  readonly failed: Promise<Error>;
  readonly tail: string[];
  stop(): Promise<void>;
}

/**
 * Starts a server and waits until `ready` has seen its line.
 * @throws ServerUnavailable (with the output) when it ends first, or is not ready in time.
 */
export async function startWatched(options: WatchOptions): Promise<WatchedProcess> {
  let seen = (): void => undefined;
  const ready = new Promise<"ready">((resolve) => {
    seen = () => resolve("ready");
  });
  let waiting = true;
  const launched = launch({
    ...options,
    onLine: (line) => {
      options.onLine?.(line);
      if (waiting && options.ready(line)) {
        waiting = false;
        seen();
      }
    },
  });
  const outcome = await within(
    Promise.race([ready, launched.exited, launched.failed]),
    options.readyTimeoutMs,
  );
  const pid = outcome === "ready" ? await launched.pid : undefined;
  if (pid !== undefined) {
    const { exited, tail, stop } = launched;
    return { pid, exited, stop, tail: () => [...tail] };
  }
  // Before the stop adds lines of its own.
  const said = [...launched.tail];
  await launched.stop();
  throw neverReady(options, outcome, said);
}

/**
 * Runs a program that ends by itself, under the same watch, for at most `timeoutMs`.
 * @throws ServerUnavailable when it cannot be started or takes too long.
 */
export async function runWatched(
  options: LaunchOptions & { readonly timeoutMs: number },
): Promise<Exit & { readonly output: readonly string[] }> {
  const launched = launch(options);
  const ended = Promise.race([launched.exited, launched.failed]);
  const outcome = await within(ended, options.timeoutMs);
  if (outcome !== undefined && !(outcome instanceof Error)) {
    return { ...outcome, output: launched.tail };
  }
  const said = [...launched.tail];
  await launched.stop();
  throw neverReady({ ...options, readyTimeoutMs: options.timeoutMs }, outcome, said);
}

function launch(options: LaunchOptions): Launched {
  const stopTimeoutMs = options.stopTimeoutMs ?? STOP_TIMEOUT_MS;
  const grace = String(Math.max(1, Math.ceil(stopTimeoutMs / 1000)));
  const stopSignal = options.stopSignal.slice("SIG".length);
  const wrapper = spawnWrapper(options, [stopSignal, grace]);
  const tail: string[] = [];
  const keep = (line: string): void => {
    const short = line.slice(0, LINE_CHARACTERS);
    tail.push(short);
    if (tail.length > TAIL_LINES) tail.shift();
    options.onLine?.(short);
  };
  for (const stream of [wrapper.stdout, wrapper.stderr]) readLines(stream, keep);
  // The wrapper may be gone when we write; its exit tells us all there is to know.
  wrapper.stdin?.on("error", () => undefined);

  const failed = new Promise<Error>((resolve) => wrapper.once("error", resolve));
  const exited = exitOf(wrapper);
  return {
    pid: readPid(wrapper, exited),
    exited,
    failed,
    tail,
    stop: stopper(wrapper, exited, stopSignal, stopTimeoutMs),
  };
}

/** @throws ServerUnavailable when the system refuses at once (a user we may not become) */
function spawnWrapper(options: LaunchOptions, settings: readonly string[]): ChildProcess {
  const { command, args, cwd = "/", env = { PATH: STANDARD_PATH }, uid, gid } = options;
  try {
    return spawn("/bin/sh", ["-c", WRAPPER, "sh", ...settings, command, ...args], {
      ...{ cwd, env, uid, gid },
      // A session of its own: a terminal's Ctrl-C is for us, and we end the child in our order.
      detached: true,
      stdio: ["pipe", "pipe", "pipe", "pipe"],
    });
  } catch (error) {
    throw new ServerUnavailable(`${command} cannot be started: ${messageOf(error)}`, [], error);
  }
}

function stopper(
  wrapper: ChildProcess,
  exited: Promise<Exit>,
  stopSignal: string,
  timeoutMs: number,
): () => Promise<void> {
  const end = async (): Promise<void> => {
    if (wrapper.pid === undefined) return;
    wrapper.stdin?.write(`${stopSignal}\n`);
    if ((await within(exited, timeoutMs)) !== undefined) return;
    wrapper.stdin?.write("KILL\n");
    if ((await within(exited, AFTER_KILL_MS)) !== undefined) return;
    // Only when the watching half of the wrapper was killed by a third hand.
    killGroup(wrapper.pid);
    await exited;
  };
  let ending: Promise<void> | undefined;
  return () => {
    ending ??= end();
    return ending;
  };
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // Already gone.
  }
}

function exitOf(wrapper: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    wrapper.once("exit", (code, signal) => {
      // If the wrapper was killed, the end of this pipe makes its watching half stop the child.
      wrapper.stdin?.destroy();
      const done = (): void => {
        clearTimeout(patience);
        resolve(toExit(code, signal));
      };
      const patience = setTimeout(done, LAST_LINES_MS);
      wrapper.once("close", done);
    });
  });
}

/** Shells report a child killed by signal n as code 128 + n. */
export function toExit(code: number | null, signal: NodeJS.Signals | null): Exit {
  if (code !== null && code > 128) {
    const named = Object.entries(constants.signals).find(([, number]) => number === code - 128);
    if (named !== undefined) return { code: null, signal: named[0] as NodeJS.Signals };
  }
  return { code, signal };
}

async function readPid(wrapper: ChildProcess, exited: Promise<Exit>): Promise<number | undefined> {
  const channel = wrapper.stdio[3] as Readable | null | undefined;
  if (channel === null || channel === undefined) return undefined;
  const line = new Promise<string>((resolve) => readLines(channel, resolve));
  const first = await Promise.race([line, exited]);
  return typeof first === "string" ? Number(first) : undefined;
}

function readLines(stream: Readable | null, take: (line: string) => void): void {
  if (stream === null) return;
  stream.on("error", () => undefined);
  createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on("line", take);
}

/** What the promise gives, or undefined when `ms` have passed first. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  const result = await Promise.race([promise, late]);
  clearTimeout(timer);
  return result;
}

function neverReady(
  options: { readonly command: string; readonly readyTimeoutMs: number },
  outcome: "ready" | Exit | Error | undefined,
  tail: readonly string[],
): ServerUnavailable {
  const name = options.command.split("/").at(-1) ?? options.command;
  const last = tail.at(-1);
  const said = last === undefined ? "" : `: ${last}`;
  if (outcome === undefined) {
    const seconds = options.readyTimeoutMs / 1000;
    return new ServerUnavailable(`${name} was not ready after ${seconds} s${said}`, tail);
  }
  if (outcome instanceof Error) {
    return new ServerUnavailable(`${name} cannot be started: ${messageOf(outcome)}`, [], outcome);
  }
  const how = typeof outcome === "string" ? "at once" : `with ${outcome.signal ?? outcome.code}`;
  return new ServerUnavailable(`${name} ended ${how} before it was ready${said}`, tail);
}
