/** The bus' way to its server, and what is said where there is none. */
import { connect, type NatsConnection, NatsError } from "nats";
import { ConfigurationError, UnavailableError } from "../../errors.ts";

/** A server that accepts connections while its JetStream is still starting, or that goes away now. */
export function startFailure(error: unknown, url: string): unknown {
  if (!(error instanceof NatsError)) return error;
  const where = new URL(url).host;
  return new UnavailableError(`JetStream does not answer at NATS_URL (${where}): ${error.message}`);
}

/**
 * A connection that never gives up.
 * @throws UnavailableError when nobody answers, ConfigurationError when JetStream is off
 */
export async function openConnection(options: {
  readonly url: string;
  readonly name: string;
}): Promise<NatsConnection> {
  const { url, name } = options;
  const where = new URL(url).host;
  const connection = await connect({
    servers: url,
    name,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 250,
    // A connection that died without a word is noticed after about 15 s.
    pingInterval: 5_000,
    maxPingOut: 2,
    // A stack trace for each request costs more than the request.
    noAsyncTraces: true,
  }).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new UnavailableError(`NATS does not answer at NATS_URL (${where}): ${why}`);
  });
  if (connection.info?.jetstream) return connection;
  await connection.close();
  throw new ConfigurationError(
    `BUS=jetstream: the server at NATS_URL (${where}) runs without JetStream`,
  );
}
