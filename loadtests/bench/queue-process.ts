/** The queue service alone in a process, beside a stand-in for the ticket service. */
import { randomBytes } from "node:crypto";
import { ServiceBroker } from "moleculer";
import { brokerOptions } from "../../moleculer.config.ts";
import { DirectBus } from "../../services/common/bus/direct-bus.ts";
import { instant, systemClock } from "../../services/common/clock.ts";
import { readConfig } from "../../services/common/config.ts";
import type { EventForSale } from "../../services/common/contracts/ticket.ts";
import { remoteVerifier } from "../../services/common/http/tokens.ts";
import { createLog } from "../../services/common/log.ts";
import { queueService } from "../../services/queue/queue.service.ts";
import { serve } from "./child-side.ts";

export interface QueueSettings {
  /** Where the keys of the tokens are published, as the account service does. */
  readonly accountUrl: string;
  readonly redisUrl: string | undefined;
}

const HOUR_MS = 3_600_000;

await serve<QueueSettings>(async ({ accountUrl, redisUrl }) => {
  const config = readConfig({ QUEUE_PORT: "0", LOG_LEVEL: "error", REDIS_URL: redisUrl });
  const broker = new ServiceBroker(brokerOptions(config, { nodeId: `bench-${process.pid}` }));
  const { promise: url, resolve: listening } = Promise.withResolvers<string>();
  const rules = { issuer: config.TOKEN_ISSUER, audience: config.TOKEN_AUDIENCE };
  broker.createService(
    queueService({
      config,
      broker,
      bus: new DirectBus(broker),
      clock: systemClock,
      log: createLog(config.logLevel),
      verifier: remoteVerifier(accountUrl, rules),
      serviceCredential: undefined,
      queueTicketKeys: [randomBytes(32).toString("base64url")],
      databaseUrl: () => "",
      onListening: (_service, at) => listening(at),
    }),
  );
  broker.createService({ name: "ticket", actions: { eventForSale: () => onSale() } });
  await broker.start();
  return { port: Number(new URL(await url).port), close: () => broker.stop() };
});

/** Whatever the event, its sale began an hour ago and goes on for another. */
function onSale(): EventForSale {
  const now = systemClock.now();
  return {
    found: true,
    saleStartAt: instant(now - HOUR_MS),
    saleEndAt: instant(now + HOUR_MS),
    cancelled: false,
  };
}
