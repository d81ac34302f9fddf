/** k6: a handful of buyers, one after the other. Does it work at all? */
import type { Options } from "k6/options";
import { CLIENTS, journey, THRESHOLDS } from "./journey.ts";

export const options: Options = {
  scenarios: {
    smoke: {
      executor: "shared-iterations",
      vus: Math.min(5, CLIENTS),
      iterations: CLIENTS,
      maxDuration: "5m",
    },
  },
  thresholds: THRESHOLDS,
};

export default journey;
