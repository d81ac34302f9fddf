#!/usr/bin/env node
/**
 * The `reservex` command. Plain JavaScript that Node 20 can read: when it is started by a Node too
 * old for TypeScript source, it starts itself again with the Node 24 that comes as a dependency.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** 24.7 has argon2 in node:crypto. */
const NEEDED = [24, 7];
const MISSING = 69;

const folder = dirname(fileURLToPath(import.meta.url));
const [major, minor] = process.versions.node.split(".").map(Number);
const modern = major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);

if (modern) {
  await import("./main.ts");
} else {
  const node = join(folder, "..", "node_modules", "node", "bin", "node");
  if (!existsSync(node)) {
    process.stderr.write(
      `reservex: Node ${NEEDED.join(".")} or newer is needed, this is ${process.versions.node}; run npm install in the project's folder, it brings one\n`,
    );
    process.exitCode = MISSING;
  } else {
    restart(node);
  }
}

/** @param {string} node */
function restart(node) {
  const child = spawn(node, [join(folder, "main.ts"), ...process.argv.slice(2)], {
    stdio: process.send ? ["inherit", "inherit", "inherit", "ipc"] : "inherit",
  });
  // A terminal sends its signals to both of us; one sent to this process alone is passed on.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  if (process.send) {
    child.on("message", (message) => process.send?.(message));
    process.on("disconnect", () => child.disconnect());
  }
  child.on("error", (error) => {
    process.stderr.write(`reservex: ${node} cannot be started: ${error.message}\n`);
    process.exitCode = MISSING;
  });
  child.on("exit", (code, signal) => {
    process.exitCode = signal ? 128 + 15 : (code ?? 1);
  });
}
