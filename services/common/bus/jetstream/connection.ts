/** The bus' way to its server, and what is said where there is none. */
import { connect, type NatsConnection, NatsError } from "nats";
import { hostOf, lastingNatsOptions } from "../../contracts/nats-url.ts";
import { ConfigurationError, UnavailableError } from "../../errors.ts";

/** A server that accepts connections while its JetStream is still starting, or that goes away now. */
export function startFailure(error: unknown, url: string): unknown {
  if (!(error instanceof NatsError)) return error;
  const where = hostOf(url);
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
  const where = hostOf(url);
  const connection = await connect(lastingNatsOptions(url, name)).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new UnavailableError(`NATS does not answer at NATS_URL (${where}): ${why}`);
  });
  if (connection.info?.jetstream) return connection;
  await connection.close();
  throw new ConfigurationError(
    `BUS=jetstream: the server at NATS_URL (${where}) runs without JetStream`,
  );
}
