/** Decides how a server is run on this machine: its program, a fresh apt package, or Docker. */
import { randomBytes } from "node:crypto";
import { findFreePorts, isPortFree, whoHoldsPort } from "./ports.ts";
import { findProgram, installWithApt, runProgram, USUAL_FOLDERS } from "./programs.ts";
import { takeServerFolder } from "./server-folder.ts";
import { messageOf, ServerUnavailable } from "./server-unavailable.ts";
import { type Exit, startWatched, type WatchedProcess } from "./watched-process.ts";

export interface ServerKind {
  /** As people call it, for messages: "Redis". */
  readonly title: string;
  readonly program: string;
  readonly aptPackage: string;
  /** Image and the port it listens on inside. */
  readonly image: string;
  readonly imagePort: number;
  readonly variable: string;
  readonly ready: (line: string) => boolean;
}

/** How one server is to be run; the two commands differ in what a port and a folder are called. */
export interface ServerPlan {
  readonly kind: ServerKind;
  /** Arguments of the program itself for a port on 127.0.0.1. */
  readonly programArgs: (port: number) => readonly string[];
  /** Arguments after the image's name; it listens on its usual port. */
  readonly imageArgs: readonly string[];
  /** Our folder and where the image expects it. */
  readonly mount: { readonly from: string; readonly to: string } | undefined;
}

export interface HostOptions {
  /** 0 or absent: a free one. */
  readonly port?: number | undefined;
  readonly environment: NodeJS.ProcessEnv;
  readonly log: (line: string) => void;
  /** May packages be installed when the program is missing (as root); default true. */
  readonly mayInstall?: boolean;
  /** Where to look beside PATH; another list only for tests. */
  readonly usualFolders?: readonly string[];
}

export interface RunningServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves when the server has ended, for whatever reason. */
  readonly exited: Promise<Exit>;
  stop(): Promise<void>;
}

export type Source =
  | { readonly from: "program"; readonly path: string }
  | { readonly from: "docker"; readonly path: string };

const DOCKER_INFO_TIMEOUT_MS = 5_000;
const DOCKER_REMOVE_TIMEOUT_MS = 20_000;
const PROGRAM_READY_MS = 20_000;
/** The first `docker run` also fetches the image. */
const IMAGE_READY_MS = 300_000;
/** A port found free can be lost to another program before the server has it. */
const PORT_ATTEMPTS = 3;

/**
 * The program if it is here; else installed through apt (root on Debian); else Docker, if a daemon
 * answers.
 * @throws ServerUnavailable that names what to install
 */
export async function obtainServer(kind: ServerKind, options: HostOptions): Promise<Source> {
  const { environment, log, usualFolders = USUAL_FOLDERS } = options;
  const find = (name: string): Promise<string | undefined> =>
    findProgram(name, environment, usualFolders);
  const present = await find(kind.program);
  if (present !== undefined) return { from: "program", path: present };

  const tried: string[] = [];
  if (options.mayInstall ?? true) {
    const apt = await installWithApt([kind.aptPackage], { environment, log });
    const installed = apt.outcome === "installed" ? await find(kind.program) : undefined;
    if (installed !== undefined) return { from: "program", path: installed };
    if (apt.outcome === "failed") tried.push(apt.because);
  }
  const docker = await find("docker");
  if (docker !== undefined) {
    if (await daemonAnswers(docker, environment)) return { from: "docker", path: docker };
    tried.push("no Docker daemon answers");
  }
  const reasons = tried.length === 0 ? "" : ` (${tried.join("; ")})`;
  throw new ServerUnavailable(
    `${kind.title} is not installed${reasons}: install the package ${kind.aptPackage}, start Docker, or set ${kind.variable}`,
  );
}

/**
 * Starts the server on 127.0.0.1 and waits until it is ready.
 * @throws ServerUnavailable when it is not to be had, or when its port or its folder is taken
 *   (naming who holds it)
 */
export async function runServer(
  plan: ServerPlan,
  options: HostOptions,
): Promise<Omit<RunningServer, "url">> {
  if (plan.mount === undefined) return runOnFreePort(plan, options);
  const folder = await takeServerFolder(plan.mount.from, plan.kind.title);
  try {
    const server = await runOnFreePort(plan, options);
    await folder.remember(server.pid);
    const stop = async (): Promise<void> => {
      await server.stop();
      await folder.release();
    };
    return { ...server, stop };
  } catch (error) {
    await folder.release();
    throw error;
  }
}

async function runOnFreePort(
  plan: ServerPlan,
  options: HostOptions,
): Promise<Omit<RunningServer, "url">> {
  const source = await obtainServer(plan.kind, options);
  const fixed = options.port ?? 0;
  if (fixed !== 0 && !(await isPortFree(fixed))) throw await portTaken(plan.kind.title, fixed);
  let failure: unknown;
  for (let attempt = 0; attempt < PORT_ATTEMPTS; attempt += 1) {
    const port = fixed === 0 ? ((await findFreePorts(1))[0] as number) : fixed;
    try {
      return await startOn(plan, source, port, options);
    } catch (error) {
      failure = error;
      if (fixed !== 0 || (await isPortFree(port))) break;
    }
  }
  throw failure instanceof ServerUnavailable
    ? failure
    : new ServerUnavailable(`${plan.kind.title}: ${messageOf(failure)}`, [], failure);
}

/** Says who is in the way, when that can be told. */
export async function portTaken(title: string, port: number): Promise<ServerUnavailable> {
  const holder = (await whoHoldsPort(port)) ?? "another program";
  return new ServerUnavailable(
    `${title} cannot have port ${port}: ${holder} holds it; stop that or choose another port`,
  );
}

async function startOn(
  plan: ServerPlan,
  source: Source,
  port: number,
  { environment }: HostOptions,
): Promise<Omit<RunningServer, "url">> {
  const { kind } = plan;
  const common = { stopSignal: "SIGTERM", ready: kind.ready } as const;
  if (source.from === "program") {
    const server = await startWatched({
      ...common,
      command: source.path,
      args: plan.programArgs(port),
      readyTimeoutMs: PROGRAM_READY_MS,
    });
    return running(server, port, () => server.stop());
  }
  const name = `reservex-${kind.program}-${randomBytes(4).toString("hex")}`;
  const remove = async (): Promise<void> => {
    const args = ["rm", "--force", name];
    await runProgram(source.path, args, { environment, timeoutMs: DOCKER_REMOVE_TIMEOUT_MS });
  };
  try {
    const server = await startWatched({
      ...common,
      command: source.path,
      args: dockerArgs(plan, name, port),
      // The client needs its own settings: DOCKER_HOST, HOME with its context.
      env: environment,
      readyTimeoutMs: IMAGE_READY_MS,
    });
    return running(server, port, async () => {
      await server.stop();
      await remove();
    });
  } catch (error) {
    await remove();
    throw error;
  }
}

/** The client stays in the foreground and passes the stop signal on to the container. */
export function dockerArgs(plan: ServerPlan, name: string, port: number): string[] {
  const { kind, mount } = plan;
  return [
    ...["run", "--rm", "--init", "--name", name],
    ...["--publish", `127.0.0.1:${port}:${kind.imagePort}`],
    ...(mount === undefined ? [] : ["--volume", `${mount.from}:${mount.to}`]),
    kind.image,
    ...plan.imageArgs,
  ];
}

function running(
  { pid, exited }: WatchedProcess,
  port: number,
  stop: () => Promise<void>,
): Omit<RunningServer, "url"> {
  return { port, pid, exited, stop };
}

async function daemonAnswers(docker: string, environment: NodeJS.ProcessEnv): Promise<boolean> {
  const args = ["info", "--format", "{{.ServerVersion}}"];
  const run = { environment, timeoutMs: DOCKER_INFO_TIMEOUT_MS };
  const { code, stdout } = await runProgram(docker, args, run);
  return code === 0 && stdout.trim() !== "";
}
