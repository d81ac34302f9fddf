import { randomUUID } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { startEmbeddedPostgres } from "../../services/common/servers/embedded-postgres.ts";
import { testNatsUrl } from "../../services/common/testing/service-harness.ts";
import {
  FREE_PORTS,
  type RunningStack,
  removeDataFolder,
  reservex,
  startUp,
  temporaryFolder,
} from "../testing/processes.ts";
import { call, follow, logIn, openSale, reserve, waitInLine } from "../testing/shopper.ts";

test("services in five processes, joined by a real NATS server, book a seat together", async () => {
  // A PostgreSQL of its own: the services' database names are fixed.
  const dataDir = await temporaryFolder();
  const postgres = await startEmbeddedPostgres({ dataDir, durable: false, log: () => {} });
  const stacks: RunningStack[] = [];
  const common = {
    ...FREE_PORTS,
    DATABASE_URL: postgres.url("postgres"),
    NATS_URL: testNatsUrl(),
    LOG_LEVEL: "error",
    DATABASE_POOL_SIZE: "4",
  };
  try {
    const account = await startUp(["--services", "account"], common);
    stacks.push(account);
    const environment = { ...common, ACCOUNT_URL: account.urls.account! };
    const others = ["queue", "ticket", "payment", "saga"].map((name) =>
      startUp(["--services", name], environment),
    );
    stacks.push(...(await Promise.all(others)));
    const urls = Object.assign({}, ...stacks.map((stack) => stack.urls)) as Record<string, string>;
    assert.is(Object.keys(urls).length, 5);

    const [email, password] = ["ops@example.com", randomUUID()];
    const created = await reservex(
      ["user", "create", "--email", email, "--password", password, "--name", "Ops", "--admin"],
      environment,
    );
    assert.is(created.code, 0, created.stderr);
    const admin = await logIn(urls, email, password);
    const sale = await openSale(urls, admin, 5);
    const pass = await waitInLine(urls, admin, sale.eventId);
    const reserved = await reserve(urls, admin, sale, pass, "key-1");
    assert.is(reserved.status, 201, JSON.stringify(reserved.body));
    assert.is(await follow(urls, admin, reserved.body.id as number), "CONFIRMED");
    const saga = await call(`${urls.saga}/api/sagas/${reserved.body.sagaId}`, { token: admin });
    assert.is(saga.body.state, "COMPLETED");
    const payments = await call(`${urls.payment}/api/payments?reservationId=${reserved.body.id}`, {
      token: admin,
    });
    assert.match(JSON.stringify(payments.body), '"status":"COMPLETED"');
  } finally {
    await Promise.all(stacks.map((stack) => stack.stop()));
    await postgres.stop();
    await removeDataFolder(dataDir);
  }
});

test.run();
