/** How many files and sockets a process of ours may have open. */
import { readFileSync } from "node:fs";

/** Node raises its own limit to the hard one as it starts. Undefined where no /proc tells. */
export function openFileLimit(): number | undefined {
  try {
    const limits = readFileSync("/proc/self/limits", "utf8");
    const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1];
    return hard === undefined ? undefined : Number(hard);
  } catch {
    return undefined;
  }
}
