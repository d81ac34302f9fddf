/** A NATS server of our own on 127.0.0.1, for tests, benchmarks and a single machine. */
import { resolve } from "node:path";
import {
  type HostOptions,
  type RunningServer,
  runServer,
  type ServerKind,
} from "./obtain-server.ts";

export interface NatsOptions extends HostOptions {
  /** Turns JetStream on, with its files here; absent: no JetStream. */
  readonly jetStreamDir?: string | undefined;
  /** Lets in nobody else. The URL that is returned does not carry it. */
  readonly login?: { readonly user: string; readonly password: string } | undefined;
  /** Speaks TLS alone; names of PEM files in `jetStreamDir`. The URL that is returned is `tls://…`. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
}

export const NATS: ServerKind = {
  title: "NATS",
  program: "nats-server",
  aptPackage: "nats-server",
  image: "nats:2",
  imagePort: 4222,
  variable: "NATS_URL",
  ready: (line) => line.includes("Server is ready"),
};

/**
 * Starts a NATS server and waits until it is ready.
 * @returns its URL; `stop()` ends it
 * @throws ServerUnavailable in one line when that is not possible
 */
export async function startNats(options: NatsOptions): Promise<RunningServer> {
  const dir = options.jetStreamDir === undefined ? undefined : resolve(options.jetStreamDir);
  const login = options.login
    ? ["--user", options.login.user, "--pass", options.login.password]
    : [];
  const secure = (folder: string) =>
    options.tls === undefined
      ? []
      : [
          ...["--tls", "--tlscert", `${folder}/${options.tls.cert}`],
          ...["--tlskey", `${folder}/${options.tls.key}`],
        ];
  const server = await runServer(
    {
      kind: NATS,
      programArgs: (port) => [
        ...["--addr", "127.0.0.1", "--port", String(port)],
        ...(dir === undefined ? [] : ["--jetstream", "--store_dir", dir, ...secure(dir)]),
        ...login,
      ],
      imageArgs: [
        ...(dir === undefined ? [] : ["--jetstream", "--store_dir", "/data", ...secure("/data")]),
        ...login,
      ],
      mount: dir === undefined ? undefined : { from: dir, to: "/data" },
    },
    options,
  );
  const scheme = options.tls === undefined ? "nats" : "tls";
  return { ...server, url: `${scheme}://127.0.0.1:${server.port}` };
}
