/** Sockets to one origin, plain or TLS, that read into one buffer and tell one listener. */
import { connect, isIP, type Socket, type TcpNetConnectOpts } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";

export interface SocketListener {
  /** Bytes can be written. */
  opened(socket: Socket): void;
  /** The first `length` bytes of the buffer have come; they are there until the listener returns. */
  came(socket: Socket, buffer: Buffer, length: number): void;
  /** The other side has ended the connection in good order. */
  ended(socket: Socket): void;
  /** It could not be opened, or broke. */
  failed(socket: Socket, error: Error): void;
}

/** Where to; made once for many sockets. */
export interface Destination {
  readonly secure: boolean;
  readonly hostname: string;
  readonly port: number;
}

/**
 * Sockets are read one at a time and each read is used up at once, so all share one buffer: a
 * socket that waits costs its own few kilobytes only.
 */
const READ_BUFFER = Buffer.allocUnsafeSlow(65_536);
/** A peer that vanished without a word is noticed after about this long and some probes. */
const PROBE_AFTER_MS = 60_000;

export function destinationOf({ protocol, hostname, port }: URL): Destination {
  const secure = protocol === "https:";
  const usual = secure ? 443 : 80;
  // An IPv6 address stands in brackets in a URL.
  const name = hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
  return { secure, hostname: name, port: port === "" ? usual : Number(port) };
}

/** Begins to connect; `localAddress` is where it comes from, the system's choice without. */
export function openSocket(
  { secure, hostname, port }: Destination,
  localAddress: string | undefined,
  listener: SocketListener,
): Socket {
  const options: TcpNetConnectOpts & ConnectionOptions = {
    host: hostname,
    port,
    ...(localAddress === undefined ? {} : { localAddress }),
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: PROBE_AFTER_MS,
    onread: {
      buffer: READ_BUFFER,
      callback: (length) => {
        listener.came(socket, READ_BUFFER, length);
        return true;
      },
    },
  };
  const servername = isIP(hostname) === 0 ? hostname : undefined;
  const named = servername === undefined ? {} : { servername };
  const socket: Socket = secure
    ? connectTls({ ...options, ...named, ALPNProtocols: ["http/1.1"] })
    : connect(options);
  socket.once(secure ? "secureConnect" : "connect", () => listener.opened(socket));
  socket.on("end", () => listener.ended(socket));
  socket.on("error", (error) => listener.failed(socket, error));
  return socket;
}
