/** `reservex reservation`: who holds what, and taking it back. */
import { type Command, Option } from "commander";
import { z } from "zod";
import {
  type ListedReservation,
  listedReservation,
  reservation,
  reservationStatus,
} from "../../services/common/contracts/ticket.ts";
import type { Run } from "../main.ts";
import type { OperatorOptions } from "./operator.ts";
import { addTask, readPages, type Task, type TaskGroup } from "./operator-task.ts";
import { rowId, whole } from "./options.ts";
import { reservationsText, reservationText } from "./reservation-text.ts";

type ListOptions = OperatorOptions & {
  readonly user?: number;
  readonly event?: number;
  readonly product?: number;
  readonly status?: string;
  readonly limit: number;
};

const theReservation = { name: "<reservationId>", does: "which reservation", parse: rowId };

export function addReservation(program: Command, run: Run): void {
  const group = program.command("reservation").description("who holds what, and taking it back");
  const reservations: TaskGroup = { group, service: "ticket", run };
  addTask<ListOptions>(reservations, { name: "list", does: "everybody's, by id" }, list)
    .option("--user <id>", "of this user alone", rowId)
    .option("--event <id>", "of this event alone", rowId)
    .option("--product <id>", "of this product alone", rowId)
    .addOption(
      new Option("--status <status>", "in this state alone").choices(reservationStatus.options),
    )
    .option("--limit <n>", "at most so many", whole(1, 100_000), 100);
  const show = { name: "show", does: "one reservation", argument: theReservation };
  addTask<OperatorOptions, number>(reservations, show, showOne);
  const cancel = { name: "cancel", does: "give its seats back; what was paid is refunded" };
  addTask<OperatorOptions, number>(
    reservations,
    { ...cancel, argument: theReservation },
    cancelOne,
  );
}

async function list({ client, options, output }: Task<ListOptions>): Promise<void> {
  const { user, event, product, status, limit } = options;
  const wanted = Object.entries({ userId: user, eventId: event, productId: product, status });
  const found = await readPages<ListedReservation>(limit, (last, rows) => {
    const query = new URLSearchParams({ after: String(last?.id ?? 0), limit: String(rows) });
    for (const [name, value] of wanted) if (value !== undefined) query.set(name, String(value));
    const call = { method: "GET", path: `/api/reservations?${query}` } as const;
    return client.ask(z.array(listedReservation), "reservations", call);
  });
  output.result(reservationsText(found, limit));
  output.document({ reservations: found });
}

async function showOne(task: Task<OperatorOptions, number>): Promise<void> {
  await tell(task, { method: "GET", path: `/api/reservations/${task.argument}` });
}

async function cancelOne(task: Task<OperatorOptions, number>): Promise<void> {
  await tell(task, { method: "PUT", path: `/api/reservations/${task.argument}/cancel` });
}

async function tell(
  { argument, client, output }: Task<OperatorOptions, number>,
  call: { readonly method: "GET" | "PUT"; readonly path: string },
): Promise<void> {
  const found = await client.ask(reservation, `reservation ${argument}`, call);
  output.result(reservationText(found));
  output.document(found);
}
