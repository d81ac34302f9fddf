/** Dead letters on a running stack over JetStream: listed, requeued, gone once they are handled. */
import { connect } from "nats";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { startOwnNats } from "../../services/common/bus/testing/jetstream-stage.ts";
import { startEmbeddedPostgres } from "../../services/common/servers/embedded-postgres.ts";
import { eventually } from "../../services/common/testing/service-harness.ts";
import {
  FREE_PORTS,
  removeDataFolder,
  reservex,
  startUp,
  temporaryFolder,
} from "../testing/processes.ts";

const EMAIL = "ops@example.com";
const PASSWORD = "correct horse";
const ORPHAN = {
  messageId: "msg_orphan",
  sagaId: "saga_orphan",
  type: "ConfirmReservation",
  occurredAt: "2026-01-01T00:00:00.000Z",
  data: { reservationId: 1, userId: 2, amountCents: 100 },
};

test("reservex saga dead-letters shows what no service could handle, and has it tried again", async () => {
  const dataDir = await temporaryFolder();
  const postgres = await startEmbeddedPostgres({ dataDir, durable: false, log: () => {} });
  const nats = await startOwnNats();
  const environment = {
    ...FREE_PORTS,
    DATABASE_URL: postgres.url("postgres"),
    NATS_URL: nats.url,
    LOG_LEVEL: "fatal",
    MAX_DELIVERIES: "2",
    SERVICE_CREDENTIAL: "x".repeat(32),
  };
  const stack = await startUp([], environment);
  try {
    const person = ["--email", EMAIL, "--password", PASSWORD, "--name", "Ops", "--admin"];
    const created = await reservex(["user", "create", ...person], environment);
    assert.is(created.code, 0, created.stderr);
    const urls = ["ticket", "payment", "saga", "account"].flatMap((name) => [
      `--${name}-url`,
      stack.urls[name]!,
    ]);
    const access = [...urls, "--admin-email", EMAIL, "--admin-password", PASSWORD];
    const deadLetters = (...args: readonly string[]) =>
      reservex(["saga", "dead-letters", ...args, ...access], environment);
    const list = async () => JSON.parse((await deadLetters("--json")).stdout).letters;
    assert.match((await deadLetters()).stdout, "no dead letters");

    const stranger = await connect({ servers: nats.url });
    stranger.publish("saga.reservation.confirm", JSON.stringify(ORPHAN));
    stranger.publish("saga.payment.charge", "no JSON");
    await stranger.drain();
    const found = await eventually(list, (letters) => letters.length === 2, 20_000);
    const orphan = found.find((one: { type: string | null }) => one.type === ORPHAN.type);
    assert.is(orphan.service, "ticket");
    assert.is(orphan.sagaId, "saga_orphan");
    assert.match(orphan.lastError, "saga_orphan");
    assert.is(found.find((one: { type: string | null }) => !one.type).service, "payment");

    const again = await deadLetters("requeue", orphan.id);
    assert.is(again.code, 0, again.stderr);
    await eventually(
      list,
      (letters) =>
        letters.find((one: { id: string }) => one.id === orphan.id).attempts > orphan.attempts,
      20_000,
    );
    const all = await deadLetters("requeue", "--all", "--json");
    assert.is(JSON.parse(all.stdout).requeued.length, 2);
    for (const wrong of [["requeue"], ["requeue", "nobody"], ["requeue", "x", "--all"]]) {
      assert.is((await deadLetters(...wrong)).code, 64, wrong.join(" "));
    }
  } finally {
    await stack.stop();
    await nats.stop();
    await postgres.stop();
    await removeDataFolder(dataDir);
  }
});

test.run();
