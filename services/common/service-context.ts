/** What a stack gives to each service it starts. */
import type { ServiceBroker } from "moleculer";
import type { Bus } from "./bus/bus.ts";
import type { Clock } from "./clock.ts";
import type { Config } from "./config.ts";
import type { TokenVerifier } from "./http/tokens.ts";
import type { Log } from "./log.ts";

export interface ServiceContext {
  readonly config: Config;
  readonly broker: ServiceBroker;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly verifier: TokenVerifier;
  /** For internal HTTP calls that are not made by a person; absent: such calls are refused. */
  readonly serviceCredential: string | undefined;
  /** Secrets of queue tickets, newest first: it signs, all verify. Empty where no queue runs. */
  readonly queueTicketKeys: readonly string[];
  /** postgresql:// URL of the service's own database. */
  readonly databaseUrl: (service: string) => string;
  /** Told once a service's HTTP edge listens. */
  readonly onListening: (service: string, url: string) => void;
}
