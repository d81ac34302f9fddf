/** Whether clients can each have a socket of their own, and where those come from; pure. */

/**
 * Ports that Linux gives out by itself are 32768 to 60999. A socket bound to an address takes one
 * of them for that address, wherever it goes; some are left to everybody else.
 */
const PORTS_PER_ADDRESS = 25_000;
/** 127.0.0.2 and so on: the whole of 127.0.0.0/8 is this machine. */
const FIRST_HOST = 2;
const MAX_ADDRESSES = 250;
/** Files, pipes, libraries, the screen, and connections beside the clients' own. */
const OTHER_FILES = 512;

export interface SocketNeeds {
  readonly clients: number;
  readonly workers: number;
  /** Base URLs that clients ask; each has a socket a client. */
  readonly origins: readonly string[];
  /** Open files a process may have; undefined where that cannot be told. */
  readonly fileLimit: number | undefined;
}

export type SocketPlan =
  | { readonly possible: true; readonly sourceAddresses: number }
  /** One line that names what to change. */
  | { readonly possible: false; readonly because: string };

export function planSockets({ clients, workers, origins, fileLimit }: SocketNeeds): SocketPlan {
  const each = new Set(origins).size;
  const files = Math.ceil(clients / workers) * each + OTHER_FILES;
  if (fileLimit !== undefined && files > fileLimit) {
    const perWorker = Math.floor((fileLimit - OTHER_FILES) / each);
    const enough = perWorker > 0 ? Math.ceil(clients / perWorker) : undefined;
    const advice = enough === undefined ? "raise it" : `--workers ${enough} would do`;
    const because =
      `--sockets own: ${clients} clients over ${workers} workers need ${files} open files in each, ` +
      `${fileLimit} are allowed: ${advice}, or --sockets shared`;
    return { possible: false, because };
  }
  const sourceAddresses = Math.ceil((clients * each) / PORTS_PER_ADDRESS);
  if (sourceAddresses === 1) return { possible: true, sourceAddresses };
  const far = origins.find((url) => !new URL(url).hostname.startsWith("127."));
  if (far === undefined && sourceAddresses <= MAX_ADDRESSES) {
    return { possible: true, sourceAddresses };
  }
  const where = far === undefined ? "" : `, and ${far} is not on 127.0.0.0/8 where there are more`;
  const because =
    `--sockets own: ${clients * each} sockets are more than one address has ports for ` +
    `(about ${PORTS_PER_ADDRESS})${where}: fewer --clients, or --sockets shared`;
  return { possible: false, because };
}

/** The address a client's sockets come from; undefined leaves it to the system. */
export function sourceAddress(client: number, sourceAddresses: number): string | undefined {
  if (sourceAddresses <= 1) return undefined;
  return `127.0.0.${FIRST_HOST + (client % sourceAddresses)}`;
}
