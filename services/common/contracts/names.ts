/** The five services, by the names that configuration, actions, metrics and the CLI use. */

export const SERVICES = ["account", "queue", "ticket", "payment", "saga"] as const;

export type ServiceName = (typeof SERVICES)[number];

/** Contract ports. */
export const DEFAULT_PORTS: Readonly<Record<ServiceName, number>> = {
  ticket: 8080,
  account: 8081,
  payment: 8082,
  queue: 8083,
  saga: 8084,
};
