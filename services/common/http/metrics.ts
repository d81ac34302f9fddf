/** Prometheus metrics of one service: HTTP, the process, and whatever the service adds. */
import type { FastifyInstance, FastifyReply, FastifyRequest, onResponseHookHandler } from "fastify";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** Seconds; fine around what a healthy edge does here (0.2 to 20 ms). */
const DURATION_BUCKETS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10,
];

export class EdgeMetrics {
  readonly #registry = new Registry();
  readonly #requests: Histogram<"method" | "route" | "status">;

  constructor(service: string) {
    this.#registry.setDefaultLabels({ service });
    collectDefaultMetrics({ register: this.#registry });
    this.#requests = new Histogram({
      name: "http_request_duration_seconds",
      help: "Time from a request's arrival to the end of its answer.",
      labelNames: ["method", "route", "status"],
      buckets: DURATION_BUCKETS,
      registers: [this.#registry],
    });
  }

  /** Routes are labelled by their pattern, never by the URL: ids would make endless series. */
  watch(app: Pick<FastifyInstance, "addHook">): void {
    const observe = (request: FastifyRequest, reply: FastifyReply, route: string) => {
      const labels = { method: request.method, route, status: String(reply.statusCode) };
      this.#requests.observe(labels, reply.elapsedTime / 1_000);
    };
    // With each route, so that a request need not look up which one it was for.
    app.addHook("onRoute", (route) => {
      if (route.config?.longLived) return;
      const own: onResponseHookHandler = (request, reply, done) => {
        observe(request, reply, route.url);
        done();
      };
      route.onResponse = [own, ...[route.onResponse ?? []].flat()];
    });
    app.addHook("onResponse", (request, reply, done) => {
      if (request.is404) observe(request, reply, "none");
      done();
    });
  }

  counter<L extends string = never>(name: string, help: string, labelNames: readonly L[] = []) {
    return new Counter<L>({ name, help, labelNames: [...labelNames], registers: [this.#registry] });
  }

  /** A gauge that is asked when metrics are read; what cannot be told now is NaN, and hides no other. */
  gauge(name: string, help: string, read: () => number | Promise<number>): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      async collect() {
        this.set(await Promise.resolve(read()).catch(() => Number.NaN));
      },
    });
  }

  histogram(name: string, help: string, buckets: readonly number[]) {
    return new Histogram({ name, help, buckets: [...buckets], registers: [this.#registry] });
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
