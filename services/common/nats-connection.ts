/** A lasting connection to a NATS server, by a URL that may carry credentials; nothing repeats those. */
import { type ConnectionOptions, connect, type NatsConnection } from "nats";
import { UnavailableError } from "./errors.ts";

/** Host and port, without whatever else a URL carries. */
export const hostOf = (url: string): string => new URL(url).host;

/** What the URL says, in the client's own terms: it reads no credentials out of a URL. */
export function natsOptions(url: string): ConnectionOptions {
  const { protocol, username, password, host } = new URL(url);
  const user = decodeURIComponent(username);
  const login = password === "" ? { token: user } : { user, pass: decodeURIComponent(password) };
  return {
    servers: host,
    ...(username !== "" && login),
    ...(protocol === "tls:" && { tls: {} }),
  };
}

/**
 * `nats://HOST:4222`, `nats://USER:PASSWORD@HOST`, `nats://TOKEN@HOST`, or `tls://…`. Reconnects by
 * itself, for as long as it takes. `place`: how the server is called in an error.
 * @throws UnavailableError with one line that names the place
 */
export async function connectNats(
  url: string,
  name: string,
  place = hostOf(url),
): Promise<NatsConnection> {
  try {
    return await connect({
      ...natsOptions(url),
      name,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
      reconnectJitter: 250,
      // A connection that died without a word is noticed after about 15 s.
      pingInterval: 5_000,
      maxPingOut: 2,
      // A stack trace for each request costs more than the request.
      noAsyncTraces: true,
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UnavailableError(`NATS does not answer at ${place}: ${why}`);
  }
}
