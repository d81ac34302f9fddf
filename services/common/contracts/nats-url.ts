/** How a NATS server is named, for services and whoever meets at it: a URL that may carry credentials. */
import { isIP } from "node:net";
import type { ConnectionOptions, TlsOptions } from "nats";

/** Host and port, without whatever else a URL carries: what may be repeated. */
export const hostOf = (url: string): string => new URL(url).host;

/**
 * `nats://HOST:4222`, `nats://USER:PASSWORD@HOST`, `nats://TOKEN@HOST`, or `tls://…`, in the client's
 * own terms: it reads no credentials out of a URL.
 */
export function natsOptions(url: string): ConnectionOptions {
  const { protocol, username, password, host, hostname } = new URL(url);
  const user = decodeURIComponent(username);
  const login = password === "" ? { token: user } : { user, pass: decodeURIComponent(password) };
  return {
    servers: host,
    ...(username !== "" && login),
    ...(protocol === "tls:" && { tls: tlsOptions(hostname) }),
  };
}

/**
 * The client says to node:tls whom it expects by a server's name, and says nothing for an address:
 * the certificate would have to be localhost's. What else stands here is handed to node:tls as it is.
 */
function tlsOptions(hostname: string): TlsOptions & { readonly host?: string } {
  const address = hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
  return isIP(address) === 0 ? {} : { host: address };
}

/** The same, for a connection that comes back by itself, however long it takes. */
export function lastingNatsOptions(url: string, name: string): ConnectionOptions {
  return {
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
  };
}
