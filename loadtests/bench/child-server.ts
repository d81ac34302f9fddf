/** A server under test in a process of its own, so that it shares no event loop with the load. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { UnavailableError } from "../../services/common/errors.ts";
import type { Usage } from "./child-side.ts";

export interface ChildServer {
  /** http://127.0.0.1:port */
  readonly url: string;
  readonly pid: number;
  usage(): Promise<Usage>;
  /** Resolves when the process has ended. */
  stop(): Promise<void>;
}

/**
 * Starts a file of this folder that calls `serve`. The child ends when we do, however we end.
 * @throws UnavailableError when it ends before it listens; it has then said why on stderr
 */
export async function startChild(
  file: string,
  settings: object,
  nodeArguments: readonly string[] = [],
): Promise<ChildServer> {
  const path = join(import.meta.dirname, file);
  const child = spawn(process.execPath, [...nodeArguments, path, JSON.stringify(settings)], {
    stdio: ["pipe", "pipe", "inherit"],
    // A process group of its own: a terminal's Ctrl-C is for us, and we end the child in order.
    detached: true,
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  // It may be gone when we write; its exit tells us all there is to know.
  child.stdin.on("error", () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async <T>(): Promise<T> => {
    const line = await lines.next();
    if (line.done) throw new UnavailableError(`${file} ended by itself`);
    return JSON.parse(line.value) as T;
  };
  const { port } = await next<{ port: number }>();
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid!,
    usage() {
      child.stdin.write("usage\n");
      return next<Usage>();
    },
    async stop() {
      child.stdin.end();
      await exited;
    },
  };
}
