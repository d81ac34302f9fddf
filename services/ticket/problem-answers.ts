/** Documents the problems that a route may answer with, for its OpenAPI entry. */
import { problem } from "../common/contracts/shared.ts";
import { ERRORS, type ErrorCode } from "../common/errors.ts";

/** One response a status, named by all of the given codes that have it. */
export function problems(...codes: readonly ErrorCode[]): Record<number, typeof problem> {
  const byStatus = Map.groupBy(codes, (code) => ERRORS[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, same]) => [status, problem.describe(same.join(", "))]),
  );
}
