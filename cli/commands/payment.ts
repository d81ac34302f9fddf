/** `reservex payment`: operators look at payments, and compare them with the provider's statement. */
import { type Command, Option } from "commander";
import {
  type PaymentDifference,
  payment,
  paymentList,
  paymentStatus,
  type Reconciliation,
  reconciliation,
} from "../../services/common/contracts/payment.ts";
import { EXIT } from "../exit.ts";
import type { Run } from "../main.ts";
import { addOperatorOptions, type OperatorOptions, operate } from "./operator.ts";
import { addTask, type Task, type TaskGroup } from "./operator-task.ts";
import { moment, rowId, whole } from "./options.ts";
import { differenceLine, paymentLine, paymentText, reconciledText } from "./payment-text.ts";

interface PeriodOptions extends OperatorOptions {
  readonly since?: string;
  readonly until?: string;
}

interface ListOptions extends OperatorOptions {
  readonly status?: string;
  readonly saga?: string;
  readonly reservation?: number;
  readonly limit?: number;
}

const thePayment = { name: "<paymentId>", does: "pay_…", parse: (text: string) => text };

export function addPayment(program: Command, run: Run): void {
  const group = program.command("payment").description("look at payments, and check the books");
  const payments: TaskGroup = { group, service: "payment", run };
  addTask<ListOptions>(payments, { name: "list", does: "the newest that fit" }, list)
    .addOption(new Option("--status <status>", "in this one alone").choices(paymentStatus.options))
    .option("--saga <id>", "of this saga")
    .option("--reservation <id>", "of this reservation", rowId)
    .option("--limit <n>", "at most so many", whole(1, 100));
  const show = { name: "show", does: "one payment", argument: thePayment };
  addTask<OperatorOptions, string>(payments, show, showOne);
  const command = group
    .command("reconcile")
    .description("compare payments with the provider's statement; exit code 1 on a difference")
    .option("--since <instant>", "by the provider's clock (default: a day before --until)", moment)
    .option("--until <instant>", "(default: now)", moment);
  addOperatorOptions(command, "payment").action((options: PeriodOptions) =>
    run(
      ({ output }) =>
        operate("payment", options, (client) => reconcile({ client, output, options })),
      options,
    ),
  );
}

type Reconciling = Pick<Task<PeriodOptions>, "client" | "output" | "options">;

async function reconcile({ client, output, options }: Reconciling): Promise<number> {
  const differences: PaymentDifference[] = [];
  const total = { payments: 0, charges: 0, open: 0 };
  let { since, until } = options;
  let first: string | undefined;
  for (;;) {
    const page: Reconciliation = await client.ask(reconciliation, "the reconciliation", {
      method: "GET",
      path: `/api/admin/reconciliation${query({ since, until })}`,
    });
    first ??= page.since;
    total.payments += page.payments;
    total.charges += page.charges;
    total.open += page.open;
    for (const one of page.differences) output.result(differenceLine(one));
    differences.push(...page.differences);
    until = page.until;
    if (page.next === null) break;
    since = page.next;
    if (!output.json) output.progress(`compared up to ${page.upTo}`);
  }
  const found = { since: first, until, ...total, differences };
  output.result(reconciledText(found));
  output.document(found);
  return differences.length === 0 ? EXIT.valid : EXIT.broken;
}

async function list({ client, output, options }: Task<ListOptions>): Promise<void> {
  const { status, saga: sagaId, reservation: reservationId, limit } = options;
  const { payments } = await client.ask(paymentList, "the list", {
    method: "GET",
    path: `/api/admin/payments${query({ status, sagaId, reservationId, limit })}`,
  });
  for (const one of payments) output.result(paymentLine(one));
  if (payments.length === 0) output.progress("no payment fits");
  output.document({ payments });
}

async function showOne({
  argument: id,
  client,
  output,
}: Task<OperatorOptions, string>): Promise<void> {
  const path = `/api/payments/${encodeURIComponent(id)}`;
  const found = await client.ask(payment, `payment ${id}`, { method: "GET", path });
  output.result(paymentText(found));
  output.document(found);
}

function query(values: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  );
  return given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
}
