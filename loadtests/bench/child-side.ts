/** The server's side of a child: says its port, tells its costs when asked, ends with its parent. */
import { createInterface } from "node:readline";

/** What a process has used since it began. */
export interface Usage {
  readonly cpuMs: number;
  readonly rssBytes: number;
  readonly peakRssBytes: number;
}

export interface Served {
  readonly port: number;
  close(): Promise<unknown>;
}

/** The parent's side is `startChild`; the settings are its one argument, as JSON. */
export async function serve<Settings>(
  start: (settings: Settings) => Promise<Served>,
): Promise<void> {
  const served = await start(JSON.parse(process.argv[2] ?? "{}") as Settings);
  const say = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);
  say({ port: served.port });
  const lines = createInterface({ input: process.stdin });
  lines.on("line", () => say(usage()));
  // The parent holds the other end: however it ends, we do.
  lines.once("close", () => void served.close());
}

export function usage(): Usage {
  const { user, system } = process.cpuUsage();
  const peakRssBytes = process.resourceUsage().maxRSS * 1_024;
  return { cpuMs: (user + system) / 1_000, rssBytes: process.memoryUsage.rss(), peakRssBytes };
}
