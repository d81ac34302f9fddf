/** The bus that the settings ask for. */
import type { ServiceBroker } from "moleculer";
import type { Config } from "../config.ts";
import type { ServiceName } from "../contracts/names.ts";
import type { Log } from "../log.ts";
import type { Bus } from "./bus.ts";
import { DirectBus } from "./direct-bus.ts";
import { JetStreamBus } from "./jetstream/jetstream-bus.ts";
import { CONSUMERS, DEFAULT_SETTINGS, type JetStreamSettings } from "./jetstream/topology.ts";

/**
 * @throws UnavailableError when NATS does not answer, ConfigurationError when it has no JetStream
 */
export async function openBus(
  config: Config,
  services: readonly ServiceName[],
  broker: ServiceBroker,
  log: Log,
): Promise<Bus> {
  // Whoever gets no messages sends none either.
  const messaging = services.some((service) => CONSUMERS.includes(service));
  if (!messaging || config.bus === "direct" || config.NATS_URL === undefined) {
    return new DirectBus(broker);
  }
  return JetStreamBus.open({
    url: config.NATS_URL,
    name: `reservex-bus ${broker.nodeID}`,
    settings: jetStreamSettings(config),
    log,
  });
}

export function jetStreamSettings(config: Config): JetStreamSettings {
  return {
    ...DEFAULT_SETTINGS,
    storage: config.JETSTREAM_STORAGE,
    replicas: config.JETSTREAM_REPLICAS,
    maxAgeHours: config.JETSTREAM_MAX_AGE_HOURS,
    maxBytes: config.JETSTREAM_MAX_BYTES ?? DEFAULT_SETTINGS.maxBytes,
    maxDeliveries: config.MAX_DELIVERIES,
  };
}
