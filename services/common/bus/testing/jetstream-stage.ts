/** JetStream buses for tests: on the runner's server, or on one of their own that they may kill. */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { processEnvironment } from "../../config.ts";
import { createLog } from "../../log.ts";
import { startNats } from "../../servers/nats-server.ts";
import type { RunningServer } from "../../servers/obtain-server.ts";
import { testNatsUrl } from "../../testing/service-harness.ts";
import { JetStreamBus } from "../jetstream/jetstream-bus.ts";
import { DEFAULT_SETTINGS, type JetStreamSettings } from "../jetstream/topology.ts";

/** A namespace that nobody else has. */
export function freshNamespace(): string {
  return `t-${randomUUID().slice(0, 8)}`;
}

export function openTestBus(
  namespace: string,
  settings: Partial<JetStreamSettings> = {},
  url: string = testNatsUrl(),
): Promise<JetStreamBus> {
  return JetStreamBus.open({
    url,
    name: `test ${namespace}`,
    settings: { ...DEFAULT_SETTINGS, storage: "memory", namespace, ...settings },
    log: createLog("silent"),
  });
}

/** A server on one port through all its lives. */
export interface OwnNats {
  readonly url: string;
  /** Ends it as a crash would, and resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts it again on its port; `wiped`: with nothing in its store. */
  restart(options?: { readonly wiped: boolean }): Promise<void>;
  stop(): Promise<void>;
}

export async function startOwnNats(): Promise<OwnNats> {
  const folder = await mkdtemp(join(tmpdir(), "reservex-own-nats-"));
  const environment = processEnvironment();
  let life = 0;
  const start = (port?: number) =>
    startNats({ port, environment, log: () => {}, jetStreamDir: join(folder, `store-${life}`) });
  let server: RunningServer = await start();
  const { port, url } = server;
  const kill = async () => {
    process.kill(server.pid, "SIGKILL");
    await server.exited;
    // Gives the folder free.
    await server.stop();
  };
  return {
    url,
    kill,
    async restart({ wiped } = { wiped: false }) {
      if (wiped) life += 1;
      server = await start(port);
    },
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
