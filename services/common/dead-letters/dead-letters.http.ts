/** The routes of the dead letters, mounted by every service that consumes messages. */
import {
  deadLetterParams,
  deadLetters,
  deadLettersQuery,
  requeued,
} from "../contracts/dead-letters.ts";
import { problem } from "../contracts/shared.ts";
import { Problem } from "../errors.ts";
import type { EdgeApp } from "../http/edge.ts";
import type { DeadLetters } from "./dead-letters.ts";

const security = [{ bearer: [] }];
const refusals = { 400: problem, 401: problem, 403: problem };
const config = { access: "admin" } as const;

export function deadLetterRoutes(
  app: EdgeApp,
  letters: Pick<DeadLetters, "list" | "requeue">,
): void {
  app.get(
    "/api/admin/dead-letters",
    {
      config,
      schema: {
        summary: "Messages that this service could not handle",
        description:
          "Administrators only. By id; repeat with `next` as `after` until it is null. They are " +
          "tried again by themselves, except what is no message at all.",
        security,
        querystring: deadLettersQuery,
        response: { 200: deadLetters, ...refusals },
      },
    },
    async (request) => {
      const { after, limit } = request.query;
      const page = await letters.list(after, limit);
      const next = page.length === limit ? page.at(-1)!.id : null;
      return { letters: [...page], next };
    },
  );

  app.post(
    "/api/admin/dead-letters/requeue",
    {
      config,
      schema: {
        summary: "Try all of them again, at once",
        description: "Administrators only. One that fails again stays, with its latest error.",
        security,
        response: { 200: requeued, ...refusals },
      },
    },
    async () => ({ requeued: [...(await letters.requeue("all"))] }),
  );

  app.post(
    "/api/admin/dead-letters/:id/requeue",
    {
      config,
      schema: {
        summary: "Try one again, at once",
        description: "Administrators only. One that fails again stays, with its latest error.",
        security,
        params: deadLetterParams,
        response: { 200: requeued, ...refusals, 404: problem },
      },
    },
    async (request) => {
      const { id } = request.params;
      const found = await letters.requeue([id]);
      if (found.length === 0) throw new Problem("NOT_FOUND", `there is no dead letter ${id}`);
      return { requeued: [...found] };
    },
  );
}
