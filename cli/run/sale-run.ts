/** One run from plan to verdict: set the sale up, let the crowd in, wait for the books, judge. */
import { randomUUID } from "node:crypto";
import type { CrowdOptions } from "../commands/options.ts";
import { AdminClient, TargetError } from "../engine/admin-client.ts";
import { runSale } from "../engine/engine.ts";
import { waitUntilSettled } from "../engine/ledger.ts";
import type { TargetUrls } from "../engine/plan.ts";
import { prepareProbing } from "../engine/probing/probing-ground.ts";
import { type Snapshot, snapshotBefore } from "../engine/snapshot.ts";
import { prepareSale, type SalePlan } from "../engine/target.ts";
import type { Interrupts } from "../interrupts.ts";
import { startDisplay } from "./display.ts";
import { historyPath, type JudgedRun, judgeFolder, writeLedger } from "./run-folder.ts";

export interface SaleRun {
  readonly target: TargetUrls;
  readonly adminToken: string;
  readonly crowd: CrowdOptions;
  /** An empty run folder. */
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly interrupts: Interrupts;
}

const HOUR_MS = 3_600_000;
/** As the contract has it. */
const PASS_TTL_SECONDS = 300;

/**
 * Runs a sale against a running stack. Interrupted, it ends early and judges what was seen.
 * @throws TargetError when the stack cannot be reached or refuses to be set up
 */
export async function runSaleAndJudge(run: SaleRun): Promise<JudgedRun> {
  const { target, adminToken, crowd, folder, environment, interrupts } = run;
  let snapshot: () => Snapshot = () => snapshotBefore(crowd.clients, crowd.permitsPerMinute);
  const display = startDisplay({
    getSnapshot: () => snapshot(),
    json: crowd.json === true,
    quiet: crowd.quiet === true,
    environment,
    onInterrupt: interrupts.interrupt,
  });
  try {
    await setProvider(target, adminToken, crowd);
    const prepared = await prepareSale(target, adminToken, salePlan(crowd));
    const probing = await prepareProbing(target, adminToken, Date.now());
    const handle = runSale(
      {
        runId: randomUUID(),
        startedAt: new Date().toISOString(),
        seed: crowd.seed,
        settings: settingsOf(crowd, target),
        sale: prepared.sale,
        accounts: prepared.accounts,
        adminToken,
        timeLimitSeconds: crowd.maxSeconds,
        probing,
      },
      { historyPath: historyPath(folder) },
      interrupts.asked,
    );
    snapshot = handle.snapshot;
    const result = await handle.done;
    const reader = { target, adminToken, eventId: prepared.sale.eventId };
    const ledger = await waitUntilSettled(reader, {
      seconds: crowd.settleSeconds,
      wallClock: () => new Date().toISOString(),
      signal: interrupts.insisted,
    });
    await writeLedger(folder, ledger);
    snapshot = () => ({ ...result.snapshot, phase: "judging" });
    const judged = await judgeFolder(folder);
    await display.stop({
      ...result.snapshot,
      phase: "done",
      stock: finalStock(result.snapshot, ledger.products),
      // People get the table of verdicts on stdout; beside a JSON document it is on the screen.
      verdicts: crowd.json ? judged.verdict.verdicts : [],
    });
    return judged;
  } catch (error) {
    await display.stop();
    throw error;
  }
}

/** The last stock the crowd saw may be a second old; the books are final. */
function finalStock(
  snapshot: Snapshot,
  products: readonly { id: number; totalStock: number; availableStock: number; held: number }[],
): Snapshot["stock"] {
  return snapshot.stock.map((line) => ({
    ...line,
    ...products.find((product) => product.id === line.id),
    name: line.name,
  }));
}

/** What the services would answer to each call of somebody who is none. */
const FORBIDDEN = 403;

/** An administrator's token, from an e-mail and a password. */
export async function logIn(accountUrl: string, email: string, password: string): Promise<string> {
  const client = new AdminClient(accountUrl, "");
  try {
    const body = { email, password };
    const answer = await client.call({ method: "POST", path: "/api/auth/login", body });
    const session = answer as { accessToken?: unknown; role?: unknown };
    if (typeof session.accessToken !== "string")
      throw new TargetError("refused", "no token came back");
    if (session.role !== "ADMIN") {
      throw new TargetError("refused", `${email} is no administrator`, FORBIDDEN);
    }
    return session.accessToken;
  } finally {
    await client.close();
  }
}

/** Tells the simulated provider how many charges to decline, by the run's seed. */
async function setProvider(target: TargetUrls, token: string, crowd: CrowdOptions): Promise<void> {
  const client = new AdminClient(target.payment, token);
  try {
    const body = { failurePercent: crowd.paymentFailure, seed: crowd.seed };
    await client.call({ method: "PATCH", path: "/api/admin/provider", body });
  } finally {
    await client.close();
  }
}

function salePlan(crowd: CrowdOptions): SalePlan {
  const now = Date.now();
  const at = (offsetMs: number) => new Date(now + offsetMs).toISOString();
  return {
    name: "Midnight Signal, one night only",
    description: "A sale made by the load tester.",
    venue: "Riverside Hall",
    eventDate: at(30 * 24 * HOUR_MS),
    // A minute back: the services' clocks need not agree with ours to the second.
    saleStartAt: at(-60_000),
    saleEndAt: at(24 * HOUR_MS),
    products: productPlans(crowd.stock),
    permitsPerMinute: crowd.permitsPerMinute,
    passTtlSeconds: PASS_TTL_SECONDS,
    pacing: crowd.pacing,
    clients: crowd.clients,
    accountPrefix: `run-${randomUUID().slice(0, 8)}`,
  };
}

/** Half the stock standing, three tenths seated, the rest on the balcony; at least one of each. */
function productPlans(stock: number): SalePlan["products"] {
  const seated = Math.max(1, Math.floor(stock * 0.3));
  const balcony = Math.max(1, Math.floor(stock * 0.2));
  const kinds: [string, number, number][] = [
    ["Standing", 4_990, stock - seated - balcony],
    ["Seated", 7_950, seated],
    ["Balcony", 12_025, balcony],
  ];
  return kinds.map(([name, priceCents, totalStock]) => ({
    name,
    description: "",
    priceCents,
    totalStock,
    maxPerUser: 4,
  }));
}

function settingsOf(crowd: CrowdOptions, target: TargetUrls) {
  return {
    clients: crowd.clients,
    arrivals: crowd.arrivals,
    arrivalSeconds: crowd.arrivalSeconds,
    quantity: crowd.quantity,
    absentPercent: crowd.absent,
    attackersPercent: crowd.attackers,
    paymentFailurePercent: crowd.paymentFailure,
    ...(crowd.settleWithinSeconds !== undefined && {
      settleWithinSeconds: crowd.settleWithinSeconds,
    }),
    target: { ...target },
  };
}
