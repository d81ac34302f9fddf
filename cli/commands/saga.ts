/** `reservex saga`: operators look at bookings under way, and ask again where one hangs. */

import { type Command, InvalidArgumentError, Option } from "commander";
import { z } from "zod";
import { type Payment, payment } from "../../services/common/contracts/payment.ts";
import {
  openSagas,
  type Saga,
  type SagaSummary,
  saga as sagaBody,
  sagaState,
  sagaSummary,
} from "../../services/common/contracts/saga.ts";
import { TargetError } from "../engine/admin-client.ts";
import { usageError } from "../exit.ts";
import type { Run } from "../main.ts";
import { addDeadLetters } from "./dead-letters.ts";
import { baseUrl, type OperatorClient, type OperatorOptions } from "./operator.ts";
import { addTask, readPages, type Task, type TaskGroup } from "./operator-task.ts";
import { duration, rowId, whole } from "./options.ts";
import {
  entryLine,
  hasEnded,
  listSummary,
  sagaLine,
  sagaText,
  standing,
  watchLine,
} from "./saga-text.ts";
import { addWatchOptions, lookEverySecond } from "./watching.ts";

type ListOptions = OperatorOptions & {
  readonly state?: string;
  /** Milliseconds. */
  readonly olderThan?: number;
  readonly overdue?: boolean;
  readonly limit: number;
};
type ShowOptions = OperatorOptions & { readonly reservation?: number };
type WatchOptions = OperatorOptions & { readonly seconds?: number };

const MOST_LISTED = 100_000;

export function addSaga(program: Command, run: Run): void {
  const group = program.command("saga").description("look at bookings under way, and ask again");
  const sagas: TaskGroup = { group, service: "saga", run };
  for (const add of [addList, addShow, addRetry, addWatch]) add(sagas);
  addDeadLetters(group, run);
}

const theSaga = (name: string) => ({ name, does: "which saga", parse: sagaId });

function addList(sagas: TaskGroup): void {
  addTask<ListOptions>(sagas, { name: "list", does: "sagas by reservation" }, list)
    .addOption(new Option("--state <state>", "in this state alone").choices(sagaState.options))
    .option("--older-than <time>", "whose state has not changed for so long: 90s, 5m", duration)
    .option("--overdue", "that somebody should look at")
    .option("--limit <n>", "at most so many", whole(1, MOST_LISTED), 100);
}

function addShow(sagas: TaskGroup): void {
  const spec = { name: "show", does: "a saga's timeline, why it stands there, what comes next" };
  addTask<ShowOptions, string | undefined>(sagas, { ...spec, argument: theSaga("[sagaId]") }, show)
    .option("--reservation <id>", "the saga of this reservation", rowId)
    .option("--payment-url <url>", "base URL (default: of the stack on --data)", baseUrl);
}

function addRetry(sagas: TaskGroup): void {
  const spec = { name: "retry", does: "ask the question of its state once more, now; harmless" };
  addTask<OperatorOptions, string>(sagas, { ...spec, argument: theSaga("<sagaId>") }, retry);
}

function addWatch(sagas: TaskGroup): void {
  const spec = { name: "watch", does: "what has not ended, in numbers; or one saga to its end" };
  addWatchOptions(
    addTask<WatchOptions, string | undefined>(
      sagas,
      { ...spec, argument: theSaga("[sagaId]") },
      ({ argument, ...task }) => (argument === undefined ? watchAll(task) : follow(argument, task)),
    ),
  );
}

async function list({ client, options, output }: Task<ListOptions>): Promise<void> {
  const nowMs = Date.now();
  const { state, olderThan, overdue, limit } = options;
  const fixed = {
    ...(state === undefined ? {} : { state }),
    ...(olderThan === undefined ? {} : { olderThan: new Date(nowMs - olderThan).toISOString() }),
    ...(overdue ? { overdue: "true" } : {}),
  };
  const found = await readPages<SagaSummary>(limit, (last, rows) => {
    const after = last === undefined ? {} : { afterReservation: String(last.reservationId) };
    return listSagas(client, { ...fixed, ...after, limit: String(rows) });
  });
  for (const one of found) output.result(sagaLine(one, nowMs));
  output.result(listSummary(found, limit));
  output.document({ sagas: found });
}

async function show(task: Task<ShowOptions, string | undefined>): Promise<void> {
  const { client, output } = task;
  const found = await sagaOf(client, await idOf(task));
  const payments = await paymentsOf(task, found);
  output.result(sagaText(found, payments, Date.now()));
  output.document({ ...found, payments });
}

async function retry({ argument, client, output }: Task<OperatorOptions, string>): Promise<void> {
  const call = { method: "POST", path: `/api/sagas/${argument}/retry` } as const;
  const found = await client.ask(sagaBody, `saga ${argument}`, call);
  const last = found.timeline.findLast(({ event }) => event === "retried");
  if (last) output.result(entryLine(last, found.startedAt));
  output.result(standing(found, Date.now()).join("\n"));
  output.document(found);
}

type Watching = Omit<Task<WatchOptions>, "argument">;

async function watchAll({ client, options, output }: Watching): Promise<void> {
  const call = { method: "GET", path: "/api/admin/sagas/open" } as const;
  const look = async () => ({ found: await client.ask(openSagas, "sagas", call), over: false });
  const say = (found: z.infer<typeof openSagas>) => output.live(watchLine(found, Date.now()));
  output.document(await lookEverySecond(options, look, say));
}

/** Says each step as it is taken, and then how it ended. */
async function follow(id: string, { client, options, output }: Watching): Promise<void> {
  const line = output.json ? output.progress : output.result;
  let told = 0;
  const look = async () => {
    const found = await sagaOf(client, id);
    return { found, over: hasEnded(found) };
  };
  const last = await lookEverySecond(options, look, ({ timeline, startedAt }) => {
    for (const entry of timeline.slice(told)) line(entryLine(entry, startedAt));
    told = timeline.length;
  });
  if (last) for (const text of standing(last, Date.now())) line(text);
  output.document(last);
}

/** By its own id or its reservation's, one of the two. */
async function idOf(task: Task<ShowOptions, string | undefined>): Promise<string> {
  const { argument, options, client } = task;
  const { reservation } = options;
  if ((argument === undefined) === (reservation === undefined)) {
    throw usageError("name one saga: by its id, or by --reservation");
  }
  if (argument !== undefined) return argument;
  const found = await listSagas(client, { reservationId: String(reservation), limit: "1" });
  const [first] = found;
  if (!first) throw usageError(`reservation ${reservation}: no saga knows it (yet)`);
  return first.sagaId;
}

function listSagas(
  client: OperatorClient,
  query: Readonly<Record<string, string>>,
): Promise<SagaSummary[]> {
  const path = `/api/sagas?${new URLSearchParams(query)}`;
  return client.ask(z.array(sagaSummary), "sagas", { method: "GET", path });
}

function sagaOf(client: OperatorClient, id: string): Promise<Saga> {
  return client.ask(sagaBody, `saga ${id}`, { method: "GET", path: `/api/sagas/${id}` });
}

/** What the payment service says of its money; null where it cannot be asked. */
async function paymentsOf(
  { reach }: Task<ShowOptions, unknown>,
  { sagaId, reservationId }: Saga,
): Promise<readonly Payment[] | null> {
  const client = await reach("payment");
  if (!client) return null;
  const path = `/api/payments?reservationId=${reservationId}`;
  const subject = `reservation ${reservationId}`;
  try {
    const found = await client.ask(z.array(payment), subject, { method: "GET", path });
    return found.filter((one) => one.sagaId === sagaId);
  } catch (error) {
    // The saga was asked for, and it is there.
    if (error instanceof TargetError) return null;
    throw error;
  }
}

/** What can be an id, so that it can stand in a path as it is. */
function sagaId(text: string): string {
  if (/^[\w-]{1,64}$/.test(text)) return text;
  throw new InvalidArgumentError("must be the id of a saga: saga_…");
}
