/** Free TCP ports on this machine, and who holds one that is not. */
import { execFile } from "node:child_process";
import { readdir, readFile, readlink } from "node:fs/promises";
import { type AddressInfo, createServer, type Server } from "node:net";
import { basename, join } from "node:path";

const LOOPBACK = "127.0.0.1";
const LISTENING = "0A";
const COMMAND_CHARACTERS = 80;
const LSOF_TIMEOUT_MS = 5_000;

/**
 * `count` different ports that were free on 127.0.0.1 a moment ago. Nothing holds them for the
 * caller: who loses one to another program asks again.
 */
export async function findFreePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(0, LOOPBACK)));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map(close));
  return ports;
}

/** Whether a server could listen on this port now; `host` is an address of this machine. */
export async function isPortFree(port: number, host: string = LOOPBACK): Promise<boolean> {
  try {
    await close(await listen(port, host));
    return true;
  } catch {
    return false;
  }
}

/**
 * The process that listens on a port, as "pid 1234 (node cli/main.ts up)"; undefined when nobody
 * does or it cannot be told (another user's process, for example).
 */
export async function whoHoldsPort(port: number): Promise<string | undefined> {
  const tables = await Promise.all(["/proc/net/tcp", "/proc/net/tcp6"].map(readText));
  if (tables.every((table) => table === undefined)) return askLsof(port);
  const inodes = tables.flatMap((table) => listeningInodes(table ?? "", port));
  if (inodes.length === 0) return undefined;
  const sockets = new Set(inodes.map((inode) => `socket:[${inode}]`));
  for (const pid of await numericNames("/proc")) {
    if (await holdsOneOf(pid, sockets)) return describe(pid);
  }
  return undefined;
}

/** The socket inodes that listen on `port`, from the text of /proc/net/tcp or tcp6. */
export function listeningInodes(table: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  return table
    .split("\n")
    .slice(1)
    .map((row) => row.trim().split(/\s+/))
    .filter((cells) => cells[1]?.split(":").at(-1) === wanted && cells[3] === LISTENING)
    .flatMap((cells) => (cells[9] === undefined || cells[9] === "0" ? [] : [cells[9]]));
}

/** A process as people read it: its program's short name and arguments, cut to one line. */
export function describeCommand(pid: string, argv: readonly string[]): string {
  const [program = "", ...rest] = argv;
  const words = [basename(program), ...rest].join(" ").replace(/\s+/g, " ").trim();
  const short =
    words.length > COMMAND_CHARACTERS ? `${words.slice(0, COMMAND_CHARACTERS - 1)}…` : words;
  return short === "" ? `pid ${pid}` : `pid ${pid} (${short})`;
}

async function holdsOneOf(pid: string, sockets: ReadonlySet<string>): Promise<boolean> {
  const folder = join("/proc", pid, "fd");
  for (const name of await numericNames(folder)) {
    const target = await readlink(join(folder, name)).catch(() => "");
    if (sockets.has(target)) return true;
  }
  return false;
}

async function describe(pid: string): Promise<string> {
  const text = (await readText(join("/proc", pid, "cmdline"))) ?? "";
  return describeCommand(
    pid,
    text.split("\0").filter((word) => word !== ""),
  );
}

function askLsof(port: number): Promise<string | undefined> {
  const args = ["-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-Fpc"];
  return new Promise((resolve) => {
    execFile("lsof", args, { timeout: LSOF_TIMEOUT_MS }, (_error, stdout) => {
      const fields = stdout.split("\n");
      const pid = fields.find((field) => field.startsWith("p"))?.slice(1);
      const command = fields.find((field) => field.startsWith("c"))?.slice(1);
      resolve(pid === undefined ? undefined : describeCommand(pid, [command ?? ""]));
    });
  });
}

async function numericNames(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => /^\d+$/.test(name));
}

function readText(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch(() => undefined);
}

function listen(port: number, host: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ port, host, exclusive: true }, () => resolve(server));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
