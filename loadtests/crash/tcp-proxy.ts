/** A wire that can be cut: TCP to a server on this machine, with its answers lost on demand. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface TcpProxy {
  readonly port: number;
  /** Cuts every connection that is open now. Returns how many. */
  cutAll(): number;
  /**
   * The next `count` answers do not arrive: the server has done what it was asked, the connection
   * breaks, and whoever asked does not know.
   */
  loseAnswers(count: number): void;
  /** From now on each piece of an answer arrives so much later, in order; 0 ends it. */
  delay(ms: number): void;
  close(): Promise<void>;
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const cuts = new Set<() => void>();
  let toLose = 0;
  let delayMs = 0;
  const server = createServer({ noDelay: true }, (client) => {
    const target = connect({ port: targetPort, host: "127.0.0.1", noDelay: true });
    const cut = () => {
      cuts.delete(cut);
      client.destroy();
      target.destroy();
    };
    cuts.add(cut);
    endTogether(client, target, cut);
    client.pipe(target);
    const pass = (chunk: Buffer) => {
      if (client.destroyed || client.write(chunk)) return;
      target.pause();
      client.once("drain", () => target.resume());
    };
    // When the last piece under way arrives: none overtakes it once the delay is over.
    let lastMs = 0;
    target.on("data", (chunk) => {
      if (toLose > 0) {
        toLose -= 1;
        cut();
        return;
      }
      const nowMs = performance.now();
      lastMs = Math.max(lastMs, nowMs + delayMs);
      if (lastMs <= nowMs) pass(chunk);
      else setTimeout(pass, Math.ceil(lastMs - nowMs), chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    cutAll() {
      const open = [...cuts];
      for (const cut of open) cut();
      return open.length;
    },
    loseAnswers(count) {
      toLose = count;
    },
    delay(ms) {
      delayMs = ms;
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const cut of [...cuts]) cut();
      await closed;
    },
  };
}

/** A crash of either side is seen by the other at once, as without us. */
function endTogether(client: Socket, target: Socket, cut: () => void): void {
  for (const socket of [client, target]) {
    socket.on("error", cut);
    socket.on("close", cut);
  }
}
