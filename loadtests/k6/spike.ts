/** k6: a quiet sale, a sudden crowd ten times as large, and quiet again. */
import type { Options } from "k6/options";
import { CLIENTS, journey, SECONDS, THRESHOLDS } from "./journey.ts";

/** Of the whole time a third each; with 1 + 10 + 1 shares of the clients. */
const thirdSeconds = Math.max(1, Math.round(SECONDS / 3));
const quiet = Math.max(1, Math.round((CLIENTS * 60) / 12 / thirdSeconds));

export const options: Options = {
  scenarios: {
    spike: {
      executor: "ramping-arrival-rate",
      startRate: quiet,
      timeUnit: "1m",
      stages: [
        { duration: `${thirdSeconds}s`, target: quiet },
        { duration: "0s", target: quiet * 10 },
        { duration: `${thirdSeconds}s`, target: quiet * 10 },
        { duration: "0s", target: quiet },
        { duration: `${thirdSeconds}s`, target: quiet },
      ],
      preAllocatedVUs: Math.min(CLIENTS, 100),
      maxVUs: CLIENTS,
      gracefulStop: "2m",
    },
  },
  thresholds: { ...THRESHOLDS, dropped_iterations: ["count==0"] },
};

export default journey;
