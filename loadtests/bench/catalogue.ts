/** Every benchmark, in the order in which they run. */
import type { Benchmark } from "./benchmark.ts";
import { bookings } from "./bookings.ts";
import { dashboard } from "./dashboard.ts";
import { engineMemory } from "./engine-memory.ts";
import { engineAutocannon, engineK6 } from "./engine-rivals.ts";
import { holds } from "./holds.ts";
import { hotProduct } from "./hot-product.ts";
import { hotProductHttp } from "./hot-product-http.ts";
import { join } from "./join.ts";
import { outbox } from "./outbox.ts";
import { poll } from "./poll.ts";
import { pollScale } from "./poll-scale.ts";

export const BENCHMARKS: readonly Benchmark[] = [
  poll,
  pollScale,
  join,
  hotProduct,
  hotProductHttp,
  holds,
  outbox,
  bookings,
  engineAutocannon,
  engineK6,
  engineMemory,
  dashboard,
];
