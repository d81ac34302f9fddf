/** A NATS server that speaks TLS alone: reached by its name and by its address, if it can be trusted. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { connect } from "nats";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { JetStreamBus } from "../bus/jetstream/jetstream-bus.ts";
import { DEFAULT_SETTINGS } from "../bus/jetstream/topology.ts";
import { processEnvironment } from "../config.ts";
import { createLog } from "../log.ts";
import { lookAtNats } from "../servers/look-at-nats.ts";
import { startNats } from "../servers/nats-server.ts";
import type { RunningServer } from "../servers/obtain-server.ts";
import { selfSigned } from "../testing/self-signed.ts";
import { natsOptions } from "./nats-url.ts";

interface World {
  dir: string;
  server: RunningServer;
  /** What the test trusts beside the usual authorities. */
  trust(...certificates: readonly string[]): void;
  cert: string;
}

const test = suite<World>("a NATS server over TLS");

test.before(async (world) => {
  const usual = getCACertificates("default");
  world.trust = (...certificates) => setDefaultCACertificates([...usual, ...certificates]);
  world.dir = await mkdtemp(join(tmpdir(), "reservex-test-"));
  const { cert, key } = selfSigned();
  world.cert = cert;
  await writeFile(join(world.dir, "cert.pem"), cert);
  await writeFile(join(world.dir, "key.pem"), key, { mode: 0o600 });
  world.server = await startNats({
    environment: processEnvironment(),
    log: () => {},
    jetStreamDir: world.dir,
    login: { user: "ops", password: "secret" },
    tls: { cert: "cert.pem", key: "key.pem" },
  });
});
test.after(async ({ server, dir }) => {
  await server.stop();
  await rm(dir, { recursive: true });
});

for (const host of ["127.0.0.1", "localhost"]) {
  test(`${host}: a connection, the bus and a look get in once its certificate is trusted`, async ({
    server,
    trust,
    cert,
  }) => {
    const url = `tls://ops:secret@${host}:${server.port}`;
    trust();
    assert.is((await lookAtNats(url)).outcome, "unreachable");
    trust(cert);
    const connection = await connect(natsOptions(url));
    await connection.close();
    assert.is((await lookAtNats(url)).outcome, "found");
    const settings = { url, name: "test", settings: DEFAULT_SETTINGS };
    const bus = await JetStreamBus.open({ ...settings, log: createLog("silent") });
    await bus.close();
  });
}

test("a trusted certificate of somebody else is refused", async ({ server, trust, cert }) => {
  trust(cert);
  const options = natsOptions(`tls://ops:secret@127.0.0.2:${server.port}`);
  // The one that listens there is the same; only the name is not in its certificate.
  await connect({ ...options, servers: `127.0.0.1:${server.port}` }).then(
    () => assert.unreachable("let in"),
    (error: Error) => assert.match(error.message, /does not match certificate/),
  );
});

test.run();
