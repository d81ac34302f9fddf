/** Processor time of this process, of NATS and of PostgreSQL, for each item of a block. */
import { readdir, readFile } from "node:fs/promises";

/** Linux counts in these, whatever the kernel's own tick is. */
const TICKS_PER_SECOND = 100;

export interface CpuClock {
  /** Microseconds since the clock was made, divided by `items`; no entry where it cannot be told. */
  perItem(items: number): Promise<Record<string, number>>;
}

interface Watched {
  readonly natsPid: number;
  /** Any process of the server's own: its parent is the server. */
  readonly backendPid: number;
}

export async function cpuClock(watched: Watched): Promise<CpuClock> {
  const before = await readings(watched);
  return {
    async perItem(items) {
      const after = await readings(watched);
      const used = Object.keys(after).map(
        (name) => [`${name}CpuUs`, Math.round((after[name]! - before[name]!) / items)] as const,
      );
      return Object.fromEntries(used.filter(([, us]) => Number.isFinite(us)));
    },
  };
}

async function readings({ natsPid, backendPid }: Watched): Promise<Record<string, number>> {
  const { user, system } = process.cpuUsage();
  const postmaster = (await usedBy(backendPid))?.parent;
  return {
    node: user + system,
    nats: (await usedBy(natsPid))?.us ?? Number.NaN,
    postgres: postmaster === undefined ? Number.NaN : await usedByFamily(postmaster),
  };
}

/** Also what has ended meanwhile: its parent has inherited it. */
async function usedByFamily(pid: number): Promise<number> {
  let us = (await usedBy(pid))?.withEndedUs ?? Number.NaN;
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const one = await usedBy(Number(name));
    if (one?.parent === pid) us += one.us;
  }
  return us;
}

/** Of any process, threads included; undefined when it is gone. */
export async function processCpuMs(pid: number): Promise<number | undefined> {
  const used = await usedBy(pid);
  return used && used.us / 1_000;
}

async function usedBy(pid: number) {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  // After the program's name, which may hold anything: state, parent, …
  const fields = text
    .slice(text.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  const us = (from: number, to: number) =>
    fields.slice(from, to).reduce((sum, ticks) => sum + ticks, 0) * (1e6 / TICKS_PER_SECOND);
  return { parent: fields[1], us: us(11, 13), withEndedUs: us(11, 15) };
}
