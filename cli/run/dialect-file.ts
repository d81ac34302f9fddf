/** Reads the file that says how another system is spoken to: JSON, or a module with a default export. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import type { Dialect } from "../engine/dialect/dialect.ts";
import { usageError } from "../exit.ts";

const call = z.strictObject({
  service: z.enum(["account", "queue", "ticket"]),
  method: z.enum(["GET", "POST", "PUT", "PATCH", "DELETE"]),
  path: z.string().startsWith("/"),
  headers: z.record(z.string(), z.string()).default({}),
  body: z.unknown().optional(),
  answer: z.record(z.string(), z.string()).default({}),
  list: z.string().optional(),
});

/** A call whose answer must name these fields: without them nothing could be concluded. */
const callWith = (...fields: readonly string[]) =>
  call.refine(({ answer }) => fields.every((field) => answer[field] !== undefined), {
    message: `its "answer" must name ${fields.join(", ")}`,
  });

const url = z.url({ protocol: /^https?$/ });
const op = z.enum(["join", "poll", "leave", "reserve", "follow"]);

const dialect = z.strictObject({
  name: z.string().min(1),
  urls: z.strictObject({ account: url, queue: url, ticket: url }),
  sale: z.strictObject({
    eventId: z.int().positive(),
    permitsPerMinute: z.int().positive(),
    pacing: z.enum(["smooth", "burst"]),
    passTtlSeconds: z.int().min(2),
  }),
  calls: z.strictObject({
    signup: call,
    login: callWith("userId", "accessToken"),
    products: callWith("id", "price", "availableStock"),
    join: call,
    poll: callWith("passReady", "passToken"),
    leave: call.optional(),
    reserve: callWith("id"),
    follow: callWith("status"),
    mine: callWith("id", "productId", "quantity", "status"),
  }),
  notInLine: z.strictObject({ field: z.string(), equals: z.unknown() }).optional(),
  statuses: z
    .record(z.string(), z.enum(["PENDING", "PAYMENT_PENDING", "CONFIRMED", "CANCELLED"]))
    .default({}),
  errors: z
    .array(
      z.strictObject({
        op: op.optional(),
        status: z.int().optional(),
        says: z.string().optional(),
        code: z.string().min(1),
      }),
    )
    .default([]),
});

/**
 * @param urls laid over the file's own, so that one file serves wherever the system runs
 * @throws CommandError that names the file and what is wrong in it
 */
export async function readDialect(
  file: string,
  urls: Readonly<Partial<Record<string, string>>>,
): Promise<Dialect> {
  const read = await load(file);
  const parsed = dialect.safeParse(read);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw usageError(`${file}: ${issue.path.join(".") || "the file"}: ${issue.message}`);
  }
  const found = parsed.data;
  const { account, queue, ticket } = { ...found.urls, ...urls };
  return { ...found, urls: { account, queue, ticket } } as Dialect;
}

async function load(file: string): Promise<unknown> {
  try {
    if (file.endsWith(".json")) return JSON.parse(await readFile(file, "utf8"));
    return (await import(pathToFileURL(resolve(file)).href)).default;
  } catch (error) {
    throw usageError(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
