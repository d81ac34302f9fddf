import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { processEnvironment } from "../../services/common/config.ts";
import { FREE_PORTS, removeDataFolder, startUp, temporaryFolder } from "../testing/processes.ts";

const root = join(import.meta.dirname, "../..");
const PORTS: Readonly<Record<string, string>> = {
  ticket: "localhost:8080",
  account: "localhost:8081",
  payment: "localhost:8082",
  queue: "localhost:8083",
  saga: "localhost:8084",
};

/** The README's lines, on this test's ports and folder instead of the usual ones. */
function walk(urls: Readonly<Record<string, string>>, dataDir: string): string {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const printed = /<!-- walk[^>]*-->\n```bash\n([\s\S]*?)```\n<!-- \/walk -->/.exec(readme)?.[1];
  assert.ok(printed, "the walk stands in the README");
  let script = printed.replace(
    "npx reservex user create",
    `node cli/main.ts user create --data ${dataDir}`,
  );
  for (const [name, port] of Object.entries(PORTS)) {
    assert.match(script, port);
    script = script.replaceAll(port, new URL(urls[name]!).host);
  }
  return script;
}

test("the booking by hand in the README works as printed", async () => {
  const dataDir = await temporaryFolder();
  const stack = await startUp(["--data", dataDir], { ...FREE_PORTS, LOG_LEVEL: "error" });
  try {
    const { stdout, stderr } = await promisify(execFile)(
      "bash",
      ["-c", walk(stack.urls, dataDir)],
      {
        cwd: root,
        // The test runner asks for colours; a shell that a person types into does not.
        env: { ...processEnvironment(), FORCE_COLOR: undefined, NO_COLOR: "1" },
        timeout: 20_000,
      },
    );
    const lines = stdout.trim().split("\n");
    const payments = lines.find((line) => line.startsWith("[{"));
    assert.match(payments ?? "", '"amount":99.8');
    assert.match(payments ?? "", '"status":"COMPLETED"');
    const saga = JSON.parse(lines.at(-1)!);
    assert.is(saga.state, "COMPLETED", stdout + stderr);
    assert.ok(saga.timeline.length >= 3);
  } finally {
    await stack.stop();
    await removeDataFolder(dataDir);
  }
});

test.run();
