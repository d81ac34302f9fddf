/** `reservex event`: what is sold when, and calling it off. */
import type { Command } from "commander";
import { z } from "zod";
import {
  cancellation,
  cancellationProgress,
  product,
  type SaleEvent,
  saleEvent,
} from "../../services/common/contracts/ticket.ts";
import { usageError } from "../exit.ts";
import type { Run } from "../main.ts";
import { cancellationLine, eventsText, eventText } from "./catalogue-text.ts";
import type { OperatorClient, OperatorOptions } from "./operator.ts";
import { addTask, readPages, type Task, type TaskGroup } from "./operator-task.ts";
import { moment, rowId, whole } from "./options.ts";
import { addWatchOptions, lookEverySecond } from "./watching.ts";

type ListOptions = OperatorOptions & { readonly limit: number };
type CancelOptions = OperatorOptions & { readonly watch?: boolean; readonly seconds?: number };
type FieldOptions = OperatorOptions & {
  readonly name?: string;
  readonly description?: string;
  readonly venue?: string;
  readonly date?: string;
  readonly saleStart?: string;
  readonly saleEnd?: string;
};

const theEvent = { name: "<eventId>", does: "which event", parse: rowId };

export function addEvent(program: Command, run: Run): void {
  const group = program.command("event").description("what is sold when, and calling it off");
  const events: TaskGroup = { group, service: "ticket", run };
  addTask<ListOptions>(events, { name: "list", does: "events by id" }, list).option(
    "--limit <n>",
    "at most so many",
    whole(1, 100_000),
    100,
  );
  const show = { name: "show", does: "an event and its products", argument: theEvent };
  addTask<OperatorOptions, number>(events, show, showOne);
  const create = { name: "create", does: "announce an event" };
  addFields(addTask<FieldOptions>(events, create, createOne), true);
  const update = { name: "update", does: "change what is named, nothing else", argument: theEvent };
  addFields(addTask<FieldOptions, number>(events, update, updateOne), false);
  const cancel = {
    name: "cancel",
    does: "call it off for good: all its reservations are cancelled and refunded",
    argument: theEvent,
  };
  addWatchOptions(
    addTask<CancelOptions, number>(events, cancel, cancelOne).option(
      "--watch",
      "until all its reservations are cancelled",
    ),
  );
}

function addFields(command: Command, required: boolean): Command {
  const when = "an instant like 2027-05-01T20:00:00Z, or now, now+2h";
  const asItIs = (text: string) => text;
  const option = (flags: string, does: string, parse = asItIs) =>
    required ? command.requiredOption(flags, does, parse) : command.option(flags, does, parse);
  option("--name <text>", "for people");
  option("--venue <text>", "where");
  option("--date <instant>", `when it takes place: ${when}`, moment);
  option("--sale-start <instant>", "when its sale begins", moment);
  option("--sale-end <instant>", "when its sale is over", moment);
  return command.option("--description <text>", "more about it");
}

function fieldsOf(options: FieldOptions) {
  const { name, description, venue, date, saleStart, saleEnd } = options;
  return { name, description, venue, eventDate: date, saleStartAt: saleStart, saleEndAt: saleEnd };
}

async function list({ client, options, output }: Task<ListOptions>): Promise<void> {
  const found = await readPages<SaleEvent>(options.limit, (last, rows) => {
    const path = `/api/events?after=${last?.id ?? 0}&limit=${rows}`;
    return client.ask(z.array(saleEvent), "events", { method: "GET", path });
  });
  output.result(eventsText(found));
  output.document({ events: found });
}

async function showOne({ argument, client, output }: Task<OperatorOptions, number>): Promise<void> {
  const call = { method: "GET", path: `/api/events/${argument}` } as const;
  const event = await client.ask(saleEvent, `event ${argument}`, call);
  const path = `/api/products?eventId=${argument}`;
  const products = await client.ask(z.array(product), "products", { method: "GET", path });
  output.result(eventText(event, products));
  output.document({ ...event, products });
}

async function createOne({ client, options, output }: Task<FieldOptions>): Promise<void> {
  const call = { method: "POST", path: "/api/events", body: fieldsOf(options) } as const;
  const event = await client.ask(saleEvent, "the event", call);
  output.result(eventText(event, []));
  output.document(event);
}

async function updateOne(task: Task<FieldOptions, number>): Promise<void> {
  const { argument, client, options, output } = task;
  const body = fieldsOf(options);
  if (Object.values(body).every((value) => value === undefined)) {
    throw usageError("name what to change: --name, --venue, --date, --sale-start, --sale-end, …");
  }
  const call = { method: "PATCH", path: `/api/events/${argument}`, body } as const;
  const event = await client.ask(saleEvent, `event ${argument}`, call);
  output.result(eventsText([event]));
  output.document(event);
}

/** Repeating it changes nothing and shows how far it is: it may be watched a second time. */
async function cancelOne(task: Task<CancelOptions, number>): Promise<void> {
  const { argument: id, client, options, output } = task;
  const cancel = { method: "POST", path: `/api/events/${id}/cancel` } as const;
  await client.ask(cancellation, `event ${id}`, cancel);
  if (!options.watch) {
    const progress = await progressOf(client, id);
    output.result(cancellationLine(id, progress));
    output.document(progress);
    return;
  }
  const look = async () => {
    const found = await progressOf(client, id);
    return { found, over: found.done };
  };
  const last = await lookEverySecond(options, look, (found) =>
    output.live(cancellationLine(id, found)),
  );
  output.document(last);
}

function progressOf(client: OperatorClient, id: number) {
  const call = { method: "GET", path: `/api/events/${id}/cancellation` } as const;
  return client.ask(cancellationProgress, `event ${id}`, call);
}
