/** Closed-loop HTTP load by autocannon, with a request of its own for each client. */
import autocannon from "autocannon";
import { usage } from "./child-side.ts";

export const CONNECTIONS = 256;

const SAMPLE_MS = 50;

export interface LoadRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly token: string;
}

export interface Load {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Share of one core that this process used: near 1, the load may be what is measured. */
  readonly generatorCpu: number;
}

/**
 * Each connection sends its own share of `requests`, one after the other, again and again, for so
 * many seconds or until so many are answered in all.
 * @throws Error when any answer is not a 2xx: a server that refuses quickly is not a fast one
 */
export async function drive(
  url: string,
  requests: readonly LoadRequest[],
  until: { readonly seconds: number } | { readonly amount: number },
): Promise<Load> {
  let connection = 0;
  const options: autocannon.Options = {
    url,
    connections: CONNECTIONS,
    ...("seconds" in until ? { duration: until.seconds } : { amount: until.amount }),
    // It ends with a sample, so samples are short.
    sampleInt: SAMPLE_MS,
    setupClient: (client) => {
      const own = requests.filter((_, at) => at % CONNECTIONS === connection);
      connection += 1;
      client.setRequests(own.map(asAutocannon));
    },
  };
  const { result, latencies, elapsedMs, cpuMs } = await timed(options);
  if (result.non2xx > 0 || result.errors > 0) {
    const what = `${result.non2xx} answers not 2xx, ${result.errors} errors`;
    throw new Error(`${url}: ${what} beside ${result["2xx"]} answers`);
  }
  const sorted = Float64Array.from(latencies).sort();
  return {
    perSecond: (latencies.length * 1_000) / elapsedMs,
    p50Ms: sorted[Math.floor(sorted.length * 0.5)] ?? 0,
    p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    generatorCpu: cpuMs / elapsedMs,
  };
}

interface Timed {
  readonly result: autocannon.Result;
  /** Its own histogram counts whole milliseconds. */
  readonly latencies: readonly number[];
  /** From the first request to the last answer: without preparing requests, or awaiting a sample. */
  readonly elapsedMs: number;
  readonly cpuMs: number;
}

function timed(options: autocannon.Options): Promise<Timed> {
  return new Promise((resolve, reject) => {
    const latencies: number[] = [];
    let [beganMs, endedMs, cpuAtStartMs] = [0, 0, 0];
    const run = autocannon(options, (error: Error | null, result) => {
      if (error) return reject(error);
      const cpuMs = usage().cpuMs - cpuAtStartMs;
      resolve({ result, latencies, elapsedMs: endedMs - beganMs, cpuMs });
    });
    run.on("start", () => {
      beganMs = performance.now();
      cpuAtStartMs = usage().cpuMs;
    });
    run.on("response", (_client, _status, _bytes, ms) => {
      latencies.push(ms);
      endedMs = performance.now();
    });
  });
}

function asAutocannon({ method, path, token }: LoadRequest): autocannon.Request {
  return { method, path, headers: { authorization: `Bearer ${token}` } };
}
