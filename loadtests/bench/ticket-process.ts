/** The ticket service alone in a process, beside a gate that opens for every pass and a bus that takes every message. */
import { ServiceBroker } from "moleculer";
import { brokerOptions } from "../../moleculer.config.ts";
import type { Bus } from "../../services/common/bus/bus.ts";
import { systemClock } from "../../services/common/clock.ts";
import { readConfig } from "../../services/common/config.ts";
import type { RedeemAnswer } from "../../services/common/contracts/queue.ts";
import { remoteVerifier } from "../../services/common/http/tokens.ts";
import { createLog } from "../../services/common/log.ts";
import { ticketService } from "../../services/ticket/ticket.service.ts";
import { serve } from "./child-side.ts";

export interface TicketSettings {
  /** Where the keys of the tokens are published, as the account service does. */
  readonly accountUrl: string;
  /** The service's own database. */
  readonly databaseUrl: string;
  /** RESERVE_BATCH; 1 switches batching off. */
  readonly batch: number;
}

const taking: Bus = {
  publish: () => Promise.resolve(),
  consume: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

await serve<TicketSettings>(async ({ accountUrl, databaseUrl, batch }) => {
  const config = readConfig({
    ...{ TICKET_PORT: "0", LOG_LEVEL: "error", RESERVE_BATCH: String(batch) },
    ...{ DATABASE_URL: databaseUrl, DATABASE_POOL_SIZE: "40" },
  });
  const broker = new ServiceBroker(brokerOptions(config, { nodeId: `bench-${process.pid}` }));
  const { promise: url, resolve: listening } = Promise.withResolvers<string>();
  const rules = { issuer: config.TOKEN_ISSUER, audience: config.TOKEN_AUDIENCE };
  broker.createService(
    ticketService({
      config,
      broker,
      bus: taking,
      clock: systemClock,
      log: createLog(config.logLevel),
      verifier: remoteVerifier(accountUrl, rules),
      serviceCredential: undefined,
      queueTicketKeys: [],
      databaseUrl: () => databaseUrl,
      onListening: (_service, at) => listening(at),
    }),
  );
  broker.createService({
    name: "queue",
    actions: {
      redeemPass: (): RedeemAnswer => ({ result: "redeemed" }),
      restorePass: () => null,
    },
  });
  await broker.start();
  return { port: Number(new URL(await url).port), close: () => broker.stop() };
});
