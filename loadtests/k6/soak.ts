/** k6: buyers at a steady rate for a long time: whatever leaks or piles up shows. */
import type { Options } from "k6/options";
import { CLIENTS, journey, SECONDS, THRESHOLDS } from "./journey.ts";

export const options: Options = {
  scenarios: {
    soak: {
      executor: "constant-arrival-rate",
      // Each client comes once: together they last for the whole time.
      rate: Math.max(1, Math.round((CLIENTS * 60) / SECONDS)),
      timeUnit: "1m",
      duration: `${SECONDS}s`,
      preAllocatedVUs: Math.min(CLIENTS, 50),
      maxVUs: CLIENTS,
      gracefulStop: "2m",
    },
  },
  thresholds: { ...THRESHOLDS, dropped_iterations: ["count==0"] },
};

export default journey;
