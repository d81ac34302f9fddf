/** Runs benchmarks one after the other, each on servers of its own. */
import { arch, availableParallelism, cpus, platform, release, totalmem } from "node:os";
import { UnavailableError } from "../../services/common/errors.ts";
import { findProgram } from "../../services/common/servers/programs.ts";
import { ServerUnavailable } from "../../services/common/servers/server-unavailable.ts";
import type { BenchContext, Benchmark, Result } from "./benchmark.ts";

export type RunOptions = Omit<BenchContext, "parts">;

/**
 * @throws UnavailableError when a program is missing, before anything has run; or a server is not
 *   to be had
 */
export async function runBenchmarks(
  benchmarks: readonly Benchmark[],
  options: RunOptions,
): Promise<readonly Result[]> {
  for (const benchmark of benchmarks) await checkPrograms(benchmark, options.environment);
  const results: Result[] = [];
  for (const benchmark of benchmarks) {
    options.progress(`${benchmark.name}: ${benchmark.about}`);
    results.push(...(await runOne(benchmark, options)));
  }
  return results;
}

async function runOne(benchmark: Benchmark, options: RunOptions): Promise<readonly Result[]> {
  await using parts = new AsyncDisposableStack();
  try {
    return await benchmark.run({ ...options, parts });
  } catch (error) {
    if (error instanceof ServerUnavailable) throw new UnavailableError(error.message);
    throw error;
  }
}

async function checkPrograms(
  { name, programs = {} }: Benchmark,
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  for (const [program, bringer] of Object.entries(programs)) {
    if (await findProgram(program, environment)) continue;
    throw new UnavailableError(`${name} needs ${program}: install the package ${bringer}`);
  }
}

/** What the numbers were measured on. */
export function machine() {
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? "unknown",
    memoryGiB: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    system: `${platform()} ${release()} ${arch()}`,
    node: process.versions.node,
  };
}
