/** The requests of Stripe's API that this project makes: which there are, and which parameters each takes. */
import { type Charge, type Intent, invalid, type StripeBooks } from "./stripe-books.ts";
import type { StripeRequest } from "./stripe-server.ts";

interface Endpoint {
  readonly method: string;
  readonly path: RegExp;
  /** Whole names, or `name[`: any below it. Others are refused, as Stripe does. */
  readonly takes: readonly string[];
  readonly act: (books: StripeBooks, id: string, params: Params) => unknown;
}

type Params = StripeRequest["params"];

const LIST = ["limit", "starting_after", "payment_intent"];

const ENDPOINTS: readonly Endpoint[] = [
  {
    method: "POST",
    path: /^\/v1\/payment_intents$/,
    takes: [
      "amount",
      "currency",
      "payment_method",
      "allowed_payment_method_types[",
      "capture_method",
      "metadata[",
    ],
    act: (books, _id, params) =>
      books.createIntent({
        amount: wholeNumber(params, "amount"),
        currency: needed(params, "currency"),
        paymentMethod: params.get("payment_method"),
        captureMethod: params.get("capture_method") ?? "automatic_async",
        metadata: metadataOf(params),
      }),
  },
  {
    method: "GET",
    path: /^\/v1\/payment_intents\/(pi_\w+)$/,
    takes: ["expand["],
    act: (books, id, params) => expanded(books, books.intent(id), params),
  },
  {
    method: "POST",
    path: /^\/v1\/payment_intents\/(pi_\w+)\/confirm$/,
    takes: ["off_session", "expand["],
    act: (books, id, params) => expanded(books, books.confirm(id), params),
  },
  {
    method: "POST",
    path: /^\/v1\/payment_intents\/(pi_\w+)\/cancel$/,
    takes: ["cancellation_reason"],
    act: (books, id, params) => books.cancel(id, params.get("cancellation_reason") ?? null),
  },
  {
    method: "POST",
    path: /^\/v1\/refunds$/,
    takes: ["payment_intent", "amount", "metadata["],
    act: (books, _id, params) =>
      books.refund(
        needed(params, "payment_intent"),
        params.has("amount") ? wholeNumber(params, "amount") : undefined,
        metadataOf(params),
      ),
  },
  {
    method: "GET",
    path: /^\/v1\/refunds$/,
    takes: LIST,
    act: (books, _id, params) => {
      const intent = params.get("payment_intent");
      const found = books.refunds.filter((one) => !intent || one.payment_intent === intent);
      return page("/v1/refunds", found, params);
    },
  },
  {
    method: "GET",
    path: /^\/v1\/charges$/,
    takes: [...LIST, "created["],
    act: (books, _id, params) => {
      const from = Number(params.get("created[gte]") ?? 0);
      const before = Number(params.get("created[lt]") ?? Number.POSITIVE_INFINITY);
      const found = books.charges.filter(({ created }) => created >= from && created < before);
      return page("/v1/charges", found, params);
    },
  },
];

/** @throws StripeRefusal as Stripe would refuse it */
export function perform(books: StripeBooks, { method, path, params, version }: StripeRequest) {
  if (!/^\d{4}-\d\d-\d\d\.\w+$/.test(version ?? "")) throw invalid(undefined, "no Stripe-Version");
  for (const endpoint of ENDPOINTS) {
    const match = endpoint.path.exec(path);
    if (endpoint.method !== method || !match) continue;
    const { takes } = endpoint;
    for (const name of params.keys()) {
      if (takes.some((one) => one === name || (one.endsWith("[") && name.startsWith(one))))
        continue;
      throw invalid("parameter_unknown", `Received unknown parameter: ${name}`);
    }
    return endpoint.act(books, match[1] ?? "", params);
  }
  throw invalid(undefined, `Unrecognized request URL (${method}: ${path}).`, 404);
}

/** Newest first. */
function page(
  url: string,
  oldestFirst: readonly { readonly id: string }[],
  params: Params,
): Readonly<Record<string, unknown>> {
  const limit = params.has("limit") ? wholeNumber(params, "limit") : 10;
  if (limit < 1 || limit > 100) throw invalid(undefined, "Invalid integer: limit");
  const all = oldestFirst.toReversed();
  const after = params.get("starting_after");
  const first = after ? all.findIndex((one) => one.id === after) + 1 : 0;
  const data = all.slice(first, first + limit);
  return { object: "list", url, has_more: all.length > first + limit, data };
}

function expanded(books: StripeBooks, intent: Intent, params: Params) {
  if (![...params.values()].includes("latest_charge")) return intent;
  const charge: Charge | undefined = books.charges.find((one) => one.id === intent.latest_charge);
  return { ...intent, latest_charge: charge ?? null };
}

function needed(params: Params, name: string): string {
  const value = params.get(name);
  if (!value) throw invalid("parameter_missing", `Missing required param: ${name}.`);
  return value;
}

function wholeNumber(params: Params, name: string): number {
  const value = needed(params, name);
  if (!/^\d+$/.test(value)) throw invalid("parameter_invalid_integer", `Invalid integer: ${value}`);
  return Number(value);
}

function metadataOf(params: Params): Readonly<Record<string, string>> {
  const entries = [...params].flatMap(([name, value]) => {
    const key = /^metadata\[(.+)\]$/.exec(name)?.[1];
    return key === undefined ? [] : [[key, value] as const];
  });
  return Object.fromEntries(entries);
}
