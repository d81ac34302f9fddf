/** k6: everybody comes at once, and each buys once. */
import type { Options } from "k6/options";
import { CLIENTS, journey, THRESHOLDS } from "./journey.ts";

export const options: Options = {
  scenarios: {
    flashSale: { executor: "per-vu-iterations", vus: CLIENTS, iterations: 1, maxDuration: "15m" },
  },
  thresholds: THRESHOLDS,
};

export default journey;
