/** Starts k6 on one of the scenarios beside this file. */
import { execFile, spawn } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { UnavailableError } from "../../services/common/errors.ts";
import type { Tool, ToolOutcome, ToolRun } from "../tool.ts";

export const K6: Tool = {
  name: "k6",
  scenarios: {
    smoke: "a handful of buyers at a time",
    "flash-sale": "everybody at once, each buys once",
    soak: "a steady rate for the whole time",
    spike: "quiet, ten times as many, quiet",
  },
  find: findK6,
  run: runK6,
};

const HOW_TO_GET_IT =
  "k6 is not on PATH; get it with: go install go.k6.io/k6@latest (and add $(go env GOPATH)/bin " +
  "to PATH), or from https://grafana.com/docs/k6/latest/set-up/install-k6";

/** What k6 says with its exit code when it ran and its thresholds were crossed. */
const THRESHOLDS_CROSSED = 99;

async function findK6(environment: NodeJS.ProcessEnv): Promise<void> {
  try {
    await promisify(execFile)("k6", ["version"], { env: environment });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UnavailableError(code === "ENOENT" ? HOW_TO_GET_IT : `k6 does not start (${code})`);
  }
}

async function runK6({ scenario, saleFile, ...run }: ToolRun): Promise<ToolOutcome> {
  const script = join(import.meta.dirname, `${scenario}.ts`);
  const variables = [`SALE_FILE=${saleFile}`, `SECONDS=${run.seconds}`];
  const child = spawn(
    "k6",
    ["run", "--quiet", "--no-color", ...variables.flatMap((one) => ["-e", one]), script],
    {
      env: { ...run.environment, K6_NO_USAGE_REPORT: "true" },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const stop = () => child.kill("SIGINT");
  run.interrupted.addEventListener("abort", stop, { once: true });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  run.interrupted.removeEventListener("abort", stop);
  if (code === 0) return { goalsHeld: true, said };
  if (code === THRESHOLDS_CROSSED) return { goalsHeld: false, said };
  throw new UnavailableError(`k6 ended with ${code ?? "a signal"} before its end`);
}
