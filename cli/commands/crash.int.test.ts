import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  FREE_PORTS,
  removeDataFolder,
  reservex,
  startUp,
  temporaryFolder,
} from "../testing/processes.ts";
import { call, logIn, openSale, pause, reserve, waitInLine } from "../testing/shopper.ts";

const BUYERS = 40;
const STOCK = 25;

interface Books {
  readonly stock: readonly {
    totalStock: number;
    availableStock: number;
    held: number;
    pending: number;
  }[];
  readonly reservations: readonly { status: string; sagaId: string }[];
}

test("a stack killed in mid-sale and started again on its folder ends every booking, exactly", async () => {
  const dataDir = await temporaryFolder();
  // Slow payments, so that the kill meets bookings in every state.
  const environment = {
    ...FREE_PORTS,
    LOG_LEVEL: "error",
    PAYMENT_MIN_LATENCY_MS: "100",
    PAYMENT_MAX_LATENCY_MS: "1500",
    PAYMENT_FAILURE_PERCENT: "30",
  };
  try {
    let stack = await startUp(["--data", dataDir], environment);
    const person = ["--email", "ops@example.com", "--password", "correct horse", "--name", "Ops"];
    const created = await reservex(["user", "create", ...person, "--admin", "--data", dataDir]);
    assert.is(created.code, 0, created.stderr);
    const admin = await logIn(stack.urls, "ops@example.com", "correct horse");
    const sale = await openSale(stack.urls, admin, STOCK);
    const crowd = await call(`${stack.urls.account}/api/admin/test-accounts`, {
      token: admin,
      body: { count: BUYERS, prefix: "crash" },
    });
    const buyers = (crowd.body.accounts as { accessToken: string }[]).map((one) => one.accessToken);
    const { urls } = stack;
    const reserved: string[] = [];
    const repetitions: (() => Promise<void>)[] = [];
    const shopping = Promise.allSettled(
      buyers.map(async (token, index) => {
        const pass = await waitInLine(urls, token, sale.eventId);
        const key = `key-${index}`;
        const answer = await reserve(urls, token, sale, pass, key);
        if (answer.status !== 201) return;
        const sagaId = answer.body.sagaId as string;
        reserved.push(sagaId);
        const again = () => reserve(stack.urls, token, sale, pass, key);
        repetitions.push(async () => assert.is((await again()).body.sagaId, sagaId));
      }),
    );
    // Cut off in the middle: those still shopping see their connections break.
    while (reserved.length < 12) await pause(5);
    await stack.killHard();
    await shopping;

    stack = await startUp(["--data", dataDir], environment);
    // The same key gets the first answer, though the queue has forgotten the pass it came with.
    for (const repeat of repetitions) await repeat();
    const books = await settledBooks(stack.urls, admin, sale.eventId);
    const sagas = new Set(books.reservations.map((one) => one.sagaId));
    assert.ok(
      reserved.every((sagaId) => sagas.has(sagaId)),
      "what was answered is still there",
    );
    for (const line of books.stock) {
      assert.is(line.totalStock, line.availableStock + line.held, "the equation");
    }
    const confirmed = books.reservations.filter((one) => one.status === "CONFIRMED").length;
    assert.is(books.stock[0]?.held, confirmed);
    await moneyAgrees(stack.urls, admin, books);
    assert.is(await stack.stop(), 0);
  } finally {
    await removeDataFolder(dataDir);
  }
});

/** Every reservation confirmed or cancelled and every saga at an end, within a minute. */
async function settledBooks(
  urls: Readonly<Record<string, string>>,
  admin: string,
  eventId: number,
) {
  for (let look = 0; look < 240; look++) {
    const books = (
      await call(`${urls.ticket}/api/admin/ledger?eventId=${eventId}`, { token: admin })
    ).body as unknown as Books;
    const sagas = (await call(`${urls.saga}/api/admin/ledger`, { token: admin })).body.sagas as {
      sagaId: string;
      state: string;
    }[];
    const ended = new Set(
      sagas
        .filter((one) => ["COMPLETED", "COMPENSATED"].includes(one.state))
        .map((one) => one.sagaId),
    );
    const open = books.reservations.filter((one) => one.status.includes("PENDING"));
    if (open.length === 0 && books.reservations.every((one) => ended.has(one.sagaId))) return books;
    await pause(250);
  }
  throw new Error("some booking never ended");
}

/** Confirmed: one charge and no refund at the provider. Cancelled: net zero. */
async function moneyAgrees(urls: Readonly<Record<string, string>>, admin: string, books: Books) {
  const ledger = await call(`${urls.payment}/api/admin/ledger`, { token: admin });
  const entries = ledger.body.provider as { type: string; sagaId: string; amount: number }[];
  for (const { sagaId, status } of books.reservations) {
    const own = entries.filter((entry) => entry.sagaId === sagaId);
    const net = own.reduce((sum, one) => sum + (one.type === "charge" ? 1 : -1) * one.amount, 0);
    assert.is(net, status === "CONFIRMED" ? 49.9 : 0, `${sagaId} ${status}`);
    assert.ok(own.filter((entry) => entry.type === "charge").length <= 1, "charged once at most");
  }
}

test.run();
