/** Routes of events and products: public to read, for administrators to change. */
import { z } from "zod";
import { idParams } from "../common/contracts/shared.ts";
import {
  createEventBody,
  createProductBody,
  eventsQuery,
  patchEventBody,
  patchProductBody,
  product,
  productsQuery,
  type SaleEvent,
  saleEvent,
} from "../common/contracts/ticket.ts";
import type { Database } from "../common/database.ts";
import { Problem } from "../common/errors.ts";
import type { EdgeApp } from "../common/http/edge.ts";
import {
  createEvent,
  createProduct,
  type Edit,
  patchEvent,
  patchProduct,
} from "./catalogue-desk.ts";
import {
  findEvent,
  findProduct,
  listEvents,
  listProducts,
  type ProductFilter,
} from "./catalogue-store.ts";
import { problems } from "./problem-answers.ts";

export interface CatalogueRoutes {
  readonly database: Database;
  /** Told after a change of an event was committed. */
  readonly onEventChanged: (eventId: number) => void;
}

const PUBLIC = { access: "public" } as const;
const ADMIN = { access: "admin" } as const;
const security = [{ bearer: [] }];

export function catalogueRoutes(app: EdgeApp, deps: CatalogueRoutes): void {
  readEvents(app, deps);
  changeEvents(app, deps);
  readProducts(app, deps);
  changeProducts(app, deps);
}

function readEvents(app: EdgeApp, { database }: CatalogueRoutes): void {
  app.get(
    "/api/events",
    {
      config: PUBLIC,
      schema: {
        summary: "Events by id",
        description: "At most `limit` events with ids above `after`.",
        querystring: eventsQuery,
        response: { 200: z.array(saleEvent), ...problems("VALIDATION_FAILED") },
      },
    },
    async (request) => [...(await listEvents(database, request.query))],
  );
  app.get(
    "/api/events/:id",
    {
      config: PUBLIC,
      schema: {
        summary: "One event",
        description: "Its status follows from time and stock at the moment of the question.",
        params: idParams,
        response: { 200: saleEvent, ...problems("VALIDATION_FAILED", "NOT_FOUND") },
      },
    },
    async (request) => there(await findEvent(database, request.params.id), "event"),
  );
}

function changeEvents(app: EdgeApp, { database, onEventChanged }: CatalogueRoutes): void {
  app.post(
    "/api/events",
    {
      config: ADMIN,
      schema: {
        summary: "Create an event",
        description: "The sale runs from `saleStartAt` until just before `saleEndAt`.",
        security,
        body: createEventBody,
        response: {
          201: saleEvent,
          ...problems("VALIDATION_FAILED", "UNAUTHENTICATED", "FORBIDDEN"),
        },
      },
    },
    async (request, reply) => {
      const event = written(await createEvent(database, request.body), "event");
      onEventChanged(event.id);
      return reply.status(201).header("location", `/api/events/${event.id}`).send(event);
    },
  );
  app.patch(
    "/api/events/:id",
    {
      config: ADMIN,
      schema: {
        summary: "Change an event",
        description: "Fields that are not named stay. A cancelled event cannot be changed.",
        security,
        params: idParams,
        body: patchEventBody,
        response: {
          200: saleEvent,
          ...problems("VALIDATION_FAILED", "UNAUTHENTICATED", "FORBIDDEN"),
          ...problems("NOT_FOUND", "INVALID_STATE"),
        },
      },
    },
    async (request): Promise<SaleEvent> => {
      const { id } = request.params;
      const event = written(await patchEvent(database, id, request.body), "event");
      onEventChanged(id);
      return event;
    },
  );
}

function readProducts(app: EdgeApp, { database }: CatalogueRoutes): void {
  const list = (path: string, filter: ProductFilter, summary: string) =>
    app.get(
      path,
      {
        config: PUBLIC,
        schema: {
          summary,
          description: "At most `limit` products with ids above `after`, of one event or of all.",
          querystring: productsQuery,
          response: { 200: z.array(product), ...problems("VALIDATION_FAILED") },
        },
      },
      async ({ query }) => [...(await listProducts(database, filter, query.eventId, query))],
    );
  list("/api/products", "all", "Products by id");
  list("/api/products/available", "available", "Products that are on sale now and not sold out");
  list("/api/products/in-stock", "in-stock", "Products that are not sold out, on sale or not");
  app.get(
    "/api/products/:id",
    {
      config: PUBLIC,
      schema: {
        summary: "One product",
        params: idParams,
        response: { 200: product, ...problems("VALIDATION_FAILED", "NOT_FOUND") },
      },
    },
    async (request) => there(await findProduct(database, request.params.id), "product"),
  );
}

function changeProducts(app: EdgeApp, { database }: CatalogueRoutes): void {
  app.post(
    "/api/events/:id/products",
    {
      config: ADMIN,
      schema: {
        summary: "Add a product to an event",
        description: "Its sale window is the event's, unless it has a narrower one of its own.",
        security,
        params: idParams,
        body: createProductBody,
        response: {
          201: product,
          ...problems("VALIDATION_FAILED", "UNAUTHENTICATED", "FORBIDDEN"),
          ...problems("NOT_FOUND", "INVALID_STATE"),
        },
      },
    },
    async (request, reply) => {
      const edit = await createProduct(database, request.params.id, request.body);
      const created = written(edit, "event");
      return reply.status(201).header("location", `/api/products/${created.id}`).send(created);
    },
  );
  app.patch(
    "/api/products/:id",
    {
      config: ADMIN,
      schema: {
        summary: "Change a product",
        description:
          "Fields that are not named stay. A new `totalStock` changes `availableStock` by the " +
          "difference, and is refused when it is less than what is sold. " +
          "Reservations keep their price.",
        security,
        params: idParams,
        body: patchProductBody,
        response: {
          200: product,
          ...problems("VALIDATION_FAILED", "UNAUTHENTICATED", "FORBIDDEN"),
          ...problems("NOT_FOUND", "INVALID_STATE"),
        },
      },
    },
    async (request) =>
      written(await patchProduct(database, request.params.id, request.body), "product"),
  );
}

function there<T>(found: T | null, what: string): T {
  if (found === null) throw new Problem("NOT_FOUND", `no such ${what}`);
  return found;
}

function written<T>(edit: Edit<T>, what: string): T {
  switch (edit.outcome) {
    case "done":
      return edit.value;
    case "invalid": {
      const [first] = edit.misfits;
      const detail = first ? `${first.path}: ${first.message}` : "the request does not fit";
      throw new Problem("VALIDATION_FAILED", detail, { errors: edit.misfits });
    }
    case "notFound":
      throw new Problem("NOT_FOUND", `no such ${what}`);
    case "eventCancelled":
      throw new Problem("INVALID_STATE", "the event was cancelled");
    case "belowSold":
      throw new Problem("INVALID_STATE", `${edit.sold} are sold or held already`);
  }
}
