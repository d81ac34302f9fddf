/** Runs one service of the naive build: `node naive-process.ts ticket|payment`. For crash runs only. */
import { ServiceBroker } from "moleculer";
import { EXIT, endProcess } from "../../../cli/exit.ts";
import { brokerOptions } from "../../../moleculer.config.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { readConfig } from "../../../services/common/config.ts";
import { withDatabase } from "../../../services/common/database.ts";
import { UnavailableError } from "../../../services/common/errors.ts";
import { armFailpoints } from "../../../services/common/failpoints.ts";
import { remoteVerifier } from "../../../services/common/http/tokens.ts";
import { createLog } from "../../../services/common/log.ts";
import { openNaiveBus } from "./naive-bus.ts";
import { naivePaymentService } from "./naive-payment.ts";
import { naiveTicketService } from "./naive-ticket.ts";

async function main(service: string | undefined): Promise<void> {
  if (service !== "ticket" && service !== "payment") throw new Error("ticket or payment?");
  const config = readConfig();
  if (config.NODE_ENV === "production") throw new Error("the naive build is for crash runs only");
  const { NATS_URL: nats, DATABASE_URL: database, ACCOUNT_URL: account } = config;
  if (!nats || !database || !account) throw new Error("NATS_URL, DATABASE_URL, ACCOUNT_URL");
  armFailpoints(config.FAILPOINTS);
  process.once("disconnect", () => process.kill(process.pid, "SIGKILL"));
  const bus = await openNaiveBus(nats).catch((error: Error) => {
    throw new UnavailableError(`NATS: ${error.message}`);
  });
  const nodeId = `${service}-${process.pid}`;
  const broker = new ServiceBroker(brokerOptions(config, { nodeId }));
  const urls: Record<string, string> = {};
  const rules = { issuer: config.TOKEN_ISSUER, audience: config.TOKEN_AUDIENCE };
  const context = {
    ...{ config, broker, clock: systemClock, log: createLog(config.logLevel) },
    verifier: remoteVerifier(account, rules),
    serviceCredential: config.SERVICE_CREDENTIAL,
    queueTicketKeys: [],
    databaseUrl: (name: string) => withDatabase(database, name),
    onListening: (name: string, url: string) => {
      urls[name] = url;
    },
  };
  const create = service === "ticket" ? naiveTicketService : naivePaymentService;
  broker.createService(create(context, bus));
  await broker.start();
  process.stdout.write(`${JSON.stringify({ status: "up", pid: process.pid, urls })}\n`);
}

await main(process.argv[2]).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  endProcess(EXIT.unavailable);
});
