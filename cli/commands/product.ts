/** `reservex product`: what an event sells, its price and its stock. */
import type { Command } from "commander";
import { z } from "zod";
import { type Product, product } from "../../services/common/contracts/ticket.ts";
import { usageError } from "../exit.ts";
import type { Run } from "../main.ts";
import { productsText, productText } from "./catalogue-text.ts";
import type { OperatorOptions } from "./operator.ts";
import { addTask, readPages, type Task, type TaskGroup } from "./operator-task.ts";
import { moment, price, rowId, whole } from "./options.ts";

type ListOptions = OperatorOptions & {
  readonly event?: number;
  readonly available?: boolean;
  readonly limit: number;
};
type FieldOptions = OperatorOptions & {
  readonly event?: number;
  readonly name?: string;
  readonly description?: string;
  readonly price?: number;
  readonly stock?: number;
  readonly maxPerUser?: number;
  readonly saleStart?: string;
  readonly saleEnd?: string;
};

const theProduct = { name: "<productId>", does: "which product", parse: rowId };

export function addProduct(program: Command, run: Run): void {
  const group = program.command("product").description("what an event sells, and its stock");
  const products: TaskGroup = { group, service: "ticket", run };
  addTask<ListOptions>(products, { name: "list", does: "products by id" }, list)
    .option("--event <id>", "of this event alone", rowId)
    .option("--available", "that can be bought now")
    .option("--limit <n>", "at most so many", whole(1, 100_000), 100);
  const show = { name: "show", does: "a product and what is left of it", argument: theProduct };
  addTask<OperatorOptions, number>(products, show, showOne);
  const create = addTask<FieldOptions>(
    products,
    { name: "create", does: "add a product to an event" },
    createOne,
  );
  create.requiredOption("--event <id>", "whose", rowId);
  addFields(create, true);
  const update = { name: "update", does: "change what is named, nothing else" };
  addFields(
    addTask<FieldOptions, number>(products, { ...update, argument: theProduct }, updateOne),
    false,
  );
}

function addFields(command: Command, required: boolean): void {
  const stock = whole(0, 10_000_000);
  if (required) {
    command
      .requiredOption("--name <text>", "for people")
      .requiredOption("--price <amount>", "of a piece: 49.90", price)
      .requiredOption("--stock <n>", "pieces in all", stock);
  } else {
    command
      .option("--name <text>", "for people")
      .option("--price <amount>", "of a piece; reservations keep theirs", price)
      .option("--stock <n>", "pieces in all, sold ones included", stock);
  }
  command
    .option("--max-per-user <n>", "pieces a buyer may have", whole(1, 1_000))
    .option("--sale-start <instant>", "narrower than its event's; or now, now+2h", moment)
    .option("--sale-end <instant>", "narrower than its event's", moment)
    .option("--description <text>", "more about it");
}

function fieldsOf(options: FieldOptions) {
  const { name, description, price, stock, maxPerUser, saleStart, saleEnd } = options;
  const window = { saleStartAt: saleStart, saleEndAt: saleEnd };
  return { name, description, price, totalStock: stock, maxPerUser, ...window };
}

async function list({ client, options, output }: Task<ListOptions>): Promise<void> {
  const { event, available, limit } = options;
  const route = available ? "/api/products/available" : "/api/products";
  const ofEvent = event === undefined ? "" : `&eventId=${event}`;
  const found = await readPages<Product>(limit, (last, rows) => {
    const path = `${route}?after=${last?.id ?? 0}&limit=${rows}${ofEvent}`;
    return client.ask(z.array(product), "products", { method: "GET", path });
  });
  output.result(productsText(found));
  output.document({ products: found });
}

async function showOne({ argument, client, output }: Task<OperatorOptions, number>): Promise<void> {
  const call = { method: "GET", path: `/api/products/${argument}` } as const;
  const found = await client.ask(product, `product ${argument}`, call);
  output.result(productText(found));
  output.document(found);
}

async function createOne({ client, options, output }: Task<FieldOptions>): Promise<void> {
  const path = `/api/events/${options.event}/products`;
  const call = { method: "POST", path, body: fieldsOf(options) } as const;
  const made = await client.ask(product, `event ${options.event}`, call);
  output.result(productText(made));
  output.document(made);
}

async function updateOne(task: Task<FieldOptions, number>): Promise<void> {
  const { argument, client, options, output } = task;
  const body = fieldsOf(options);
  if (Object.values(body).every((value) => value === undefined)) {
    throw usageError("name what to change: --name, --price, --stock, --max-per-user, …");
  }
  const call = { method: "PATCH", path: `/api/products/${argument}`, body } as const;
  const changed = await client.ask(product, `product ${argument}`, call);
  output.result(productText(changed));
  output.document(changed);
}
