/** One run from plan to verdict: set the sale up, let the crowd in, wait for the books, judge. */
import { randomUUID } from "node:crypto";
import type { CrowdOptions } from "../commands/options.ts";
import { AdminClient } from "../engine/admin-client.ts";
import type { HiredCrew } from "../engine/crew/far/hire-crew.ts";
import { runWithWorkers, type SharedRun } from "../engine/crew/workers.ts";
import { type Dialect, hiddenBy } from "../engine/dialect/dialect.ts";
import {
  prepareDialectSale,
  readClientsBooks,
  watchShownStock,
} from "../engine/dialect/dialect-sale.ts";
import { type RunHandle, type RunResult, runSale } from "../engine/engine.ts";
import { waitUntilSettled } from "../engine/ledger.ts";
import type { RunPlan, TargetUrls } from "../engine/plan.ts";
import { prepareProbing } from "../engine/probing/probing-ground.ts";
import { type Chaos, type Snapshot, snapshotBefore } from "../engine/snapshot.ts";
import { type PreparedSale, prepareSale, type SalePlan } from "../engine/target.ts";
import type { Interrupts } from "../interrupts.ts";
import type { Ledger } from "../judge/history.ts";
import { socketTuning } from "./crowd-sockets.ts";
import { startDisplay } from "./display.ts";
import { granter } from "./live-wishes.ts";
import { historyPath, type JudgedRun, judgeFolder, writeLedger } from "./run-folder.ts";
import { type SagaSight, watchSagas } from "./saga-sight.ts";

/** Faults on purpose, switched on and off by whoever watches. */
export interface Disturbance {
  readonly kinds: readonly string[];
  readonly on: boolean;
  readonly faults: number;
  turn(on: boolean): void;
  /** Disturbs while it is on, and resolves after the signal, when the target is whole again. */
  run(tell: RunHandle["fault"], until: AbortSignal): Promise<void>;
}

export type MaybeChaos = Disturbance | { readonly because: string };

export interface SaleRun {
  readonly target: TargetUrls;
  readonly adminToken: string;
  readonly crowd: CrowdOptions;
  /** An empty run folder. */
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly interrupts: Interrupts;
  /** Where the target is another system: its sale is there already, and nobody is its administrator. */
  readonly dialect?: Dialect;
  /** Workers on other machines drive the clients. */
  readonly hired?: HiredCrew;
  /** What may disturb the target, or in one line why nothing may; absent where nobody could ask. */
  readonly chaos?: MaybeChaos;
}

const HOUR_MS = 3_600_000;
/** As the contract has it. */
const PASS_TTL_SECONDS = 300;

/**
 * Runs a sale against a running stack. Interrupted, it ends early and judges what was seen.
 * @throws TargetError when the stack cannot be reached or refuses to be set up
 */
export async function runSaleAndJudge(run: SaleRun): Promise<JudgedRun> {
  const { target, adminToken, crowd, folder, environment, interrupts, dialect } = run;
  const { arrivalOffsetsMs } = crowd;
  const chaos = run.chaos ?? { because: "this run is not to be disturbed" };
  let sight: SagaSight | undefined;
  let snapshot: () => Snapshot = () => snapshotBefore(crowd.clients, crowd.permitsPerMinute);
  let grant: ReturnType<typeof granter> = async () => {};
  const display = startDisplay({
    getSnapshot: () => ({
      ...snapshot(),
      chaos: seenChaos(chaos),
      ...(sight?.latest && { sagas: sight.latest }),
    }),
    json: crowd.json === true,
    quiet: crowd.quiet === true,
    environment,
    onInterrupt: interrupts.interrupt,
    onWish: (wish) => void grant(wish),
  });
  try {
    const prepared = await prepare(run);
    const plan: RunPlan = {
      runId: randomUUID(),
      startedAt: new Date().toISOString(),
      seed: crowd.seed,
      settings: settingsOf(run),
      sale: prepared.sale,
      accounts: prepared.accounts,
      adminToken,
      timeLimitSeconds: crowd.maxSeconds,
      ...(arrivalOffsetsMs && { arrivalOffsetsMs }),
      tuning: socketTuning(crowd, target, run.hired?.fileLimit),
      ...(dialect === undefined
        ? { probing: await prepareProbing(target, adminToken, Date.now()) }
        : { dialect }),
    };
    const handle = drive(run, plan);
    snapshot = handle.snapshot;
    const { eventId } = prepared.sale;
    grant = granter({ queueUrl: target.queue, adminToken, eventId, handle, chaos });
    if (display.isDashboard && dialect === undefined) sight = watchSagas(target.saga, adminToken);
    const result = await withCompany(run, handle, prepared);
    const ledger = await readBooks(run, prepared);
    await writeLedger(folder, ledger);
    snapshot = () => ({ ...result.snapshot, phase: "judging" });
    const judged = await judgeFolder(folder, crowd.summary);
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
  } finally {
    await sight?.stop();
  }
}

function seenChaos(chaos: MaybeChaos): Chaos {
  if (!("run" in chaos)) return { possible: false, because: chaos.because };
  const { kinds, on, faults } = chaos;
  return { possible: true, kinds, on, faults };
}

function drive({ crowd, folder, interrupts, hired }: SaleRun, plan: RunPlan): SharedRun {
  const out = { historyPath: historyPath(folder) };
  if (hired !== undefined) return hired.run(plan, out, interrupts.asked);
  return crowd.workers > 1
    ? runWithWorkers(plan, out, interrupts.asked, crowd.workers)
    : runSale(plan, out, interrupts.asked);
}

/**
 * The run, and what goes on beside it until its end: the target is disturbed, or looked at. The
 * books are read when whatever was done to it is undone.
 */
async function withCompany(
  { chaos, dialect }: SaleRun,
  handle: SharedRun,
  prepared: PreparedSale,
): Promise<RunResult> {
  const over = new AbortController();
  const { signal } = over;
  const beside = Promise.all([
    chaos && "run" in chaos && chaos.run(handle.fault, signal),
    dialect && watchShownStock(dialect, prepared, handle.shown, signal),
  ]).then(
    () => undefined,
    (error: unknown) => error,
  );
  const result = await handle.done.finally(() => over.abort());
  const error = await beside;
  if (error !== undefined) throw error;
  return result;
}

async function prepare({ target, adminToken, crowd, dialect }: SaleRun): Promise<PreparedSale> {
  if (dialect !== undefined) {
    return prepareDialectSale(dialect, crowd.clients, `run-${randomUUID().slice(0, 8)}`);
  }
  await setProvider(target, adminToken, crowd);
  return prepareSale(target, adminToken, salePlan(crowd));
}

async function readBooks(run: SaleRun, prepared: PreparedSale): Promise<Ledger> {
  const { target, adminToken, crowd, interrupts, dialect } = run;
  const seconds = crowd.settleSeconds;
  const signal = interrupts.insisted;
  if (dialect !== undefined) return readClientsBooks({ dialect, prepared, seconds, signal });
  const reader = { target, adminToken, eventId: prepared.sale.eventId };
  const wallClock = () => new Date().toISOString();
  return waitUntilSettled(reader, { seconds, wallClock, signal });
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

/** What of a crowd decides what is on sale, and to how many. */
export type SaleWish = Pick<CrowdOptions, "stock" | "permitsPerMinute" | "pacing" | "clients"> &
  Pick<CrowdOptions, "passTtlSeconds">;

export function salePlan(crowd: SaleWish): SalePlan {
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
    passTtlSeconds: crowd.passTtlSeconds ?? PASS_TTL_SECONDS,
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

function settingsOf({ crowd, target, dialect }: SaleRun) {
  return {
    ...(dialect !== undefined && { hidden: hiddenBy(dialect) }),
    clients: crowd.clients,
    arrivals: crowd.arrivals.how,
    arrivalSeconds: crowd.arrivalSeconds,
    quantity: crowd.quantity,
    absentPercent: crowd.absent,
    attackersPercent: crowd.attackers,
    paymentFailurePercent: crowd.paymentFailure,
    habits: {
      impatientPercent: crowd.impatient,
      patienceSeconds: crowd.patience,
      doubleClickPercent: crowd.doubleClicks,
      retryingPercent: crowd.retrying,
      ...(crowd.regretting && { regrettingPercent: crowd.regretting }),
      ...(crowd.dawdling && { dawdlingPercent: crowd.dawdling }),
    },
    workers: crowd.workers,
    sockets: crowd.sockets,
    ...(crowd.settleWithinSeconds !== undefined && {
      settleWithinSeconds: crowd.settleWithinSeconds,
    }),
    target: { ...target },
  };
}
