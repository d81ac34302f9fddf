/** A process that does nothing for a while, as if its machine had frozen. */
import { spawn } from "node:child_process";

/**
 * For so long, or until the signal. A shell of its own sends both signals: were it us, and we died
 * between, nobody would wake the process. One that has ended meanwhile stands still anyway.
 */
export async function standStill(pid: number, forMs: number, until: AbortSignal): Promise<void> {
  const script = `kill -STOP ${pid} && sleep ${forMs / 1_000}; kill -CONT ${pid}`;
  const shell = spawn("sh", ["-c", script], { stdio: "ignore", detached: true });
  await new Promise<void>((resolve, reject) => {
    const wake = () => {
      signalContinue(pid);
      resolve();
    };
    until.addEventListener("abort", wake, { once: true });
    shell.once("error", reject);
    shell.once("exit", () => {
      until.removeEventListener("abort", wake);
      resolve();
    });
  });
}

function signalContinue(pid: number): void {
  try {
    process.kill(pid, "SIGCONT");
  } catch {
    // Gone.
  }
}
