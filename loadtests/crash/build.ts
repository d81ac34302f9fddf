/** The builds that the harness can torment: which processes they have and how each is started. */
import { join } from "node:path";
import type { Environment } from "./cluster.ts";

export interface Role {
  readonly service: string;
  readonly count: number;
  /** Arguments of node. */
  readonly args: readonly string[];
}

export interface Build {
  readonly name: "reservex" | "naive";
  readonly roles: readonly Role[];
  /** Beside what all builds get. */
  readonly environment: Environment;
}

const MAIN = join(import.meta.dirname, "..", "..", "cli", "main.ts");
const up = (service: string, count: number): Role => ({
  service,
  count,
  args: [MAIN, "up", "--json", "--services", service],
});

/** As it is run for real: `reservex up`, a process a service, two where orders are kept apart. */
export const RESERVEX: Build = {
  name: "reservex",
  roles: [up("account", 1), up("queue", 2), up("ticket", 2), up("payment", 2), up("saga", 2)],
  environment: {},
};
