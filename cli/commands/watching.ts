/** What commands that watch share: a look a second until it is over, the time is up, or Ctrl-C. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { aborted, listenForInterrupts } from "../interrupts.ts";
import { whole } from "./options.ts";

export interface WatchOptions {
  readonly seconds?: number;
}

export function addWatchOptions(command: Command): Command {
  return command.option("--seconds <n>", "stop after so many", whole(1, 86_400));
}

/**
 * Looks once a second. A look that hangs does not hold up Ctrl-C; what it would have said then is
 * no longer said.
 * @param look resolves to what to say and whether that was the end
 */
export async function lookEverySecond<T>(
  { seconds = Number.POSITIVE_INFINITY }: WatchOptions,
  look: () => Promise<{ readonly found: T; readonly over: boolean }>,
  say: (found: T) => void,
): Promise<T | null> {
  const { asked, stopListening } = listenForInterrupts();
  let last: T | null = null;
  const looking = async () => {
    for (let second = 0; second <= seconds; second += 1) {
      if (second > 0) await sleep(1_000);
      const { found, over } = await look();
      if (asked.aborted) return;
      last = found;
      say(found);
      if (over) return;
    }
  };
  try {
    await Promise.race([looking(), aborted(asked)]);
  } finally {
    stopListening();
  }
  return last;
}
