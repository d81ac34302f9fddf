/** A service's HTTP edge: one Fastify with the rules that all five services share. */
import type { AddressInfo, Socket } from "node:net";
import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import Fastify, {
  type FastifyInstance,
  type FastifyRequest,
  type onRequestHookHandler,
} from "fastify";
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from "fastify-type-provider-zod";
import { ConfigurationError, Problem } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import type { Log } from "../log.ts";
import { seam } from "../seams.ts";
import { whoHoldsPort } from "../servers/ports.ts";
import { EdgeMetrics } from "./metrics.ts";
import { problemOf, sendProblem } from "./problems.ts";
import type { Principal, TokenVerifier } from "./tokens.ts";

/** Who may call a route. Without a word in the route's `config`, only a signed-in user. */
export type Access = "public" | "user" | "admin";

declare module "fastify" {
  interface FastifyContextConfig {
    access?: Access;
    /** Its answer lasts as long as the client likes: no duration to speak of. */
    longLived?: boolean;
  }
  interface FastifyRequest {
    /** Set on every route that is not public. */
    principal: Principal | undefined;
  }
}

export type EdgeApp = ReturnType<typeof newApp>;

export interface EdgeOptions {
  readonly service: string;
  readonly description: string;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly log: Log;
  readonly verifier: TokenVerifier;
  /** Each dependency's name and whether it answers now. */
  readonly readiness: () => Promise<Readonly<Record<string, boolean>>>;
  readonly routes: (app: EdgeApp) => void;
}

export interface Edge {
  /** http://host:port */
  readonly url: string;
  readonly metrics: EdgeMetrics;
  close(): Promise<void>;
}

/**
 * Opens the edge.
 * @throws ConfigurationError when the port is taken: the message names the port and its holder.
 */
export async function openEdge(options: EdgeOptions): Promise<Edge> {
  const metrics = new EdgeMetrics(options.service);
  const app = newApp();
  app.setErrorHandler((error, request, reply) => {
    sendProblem(reply, problemOf(error, options.log, request));
  });
  app.setNotFoundHandler((_request, reply) => {
    sendProblem(reply, new Problem("NOT_FOUND", "there is nothing here"));
  });
  app.decorateRequest("principal", undefined);
  metrics.watch(app);
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: `ReserveX ${options.service}`,
        description: options.description,
        version: "1",
      },
      components: {
        securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
      },
    },
    transform: jsonSchemaTransform,
  });
  await app.register(swaggerUi, {
    routePrefix: "/docs",
    theme: { title: `ReserveX ${options.service}` },
  });
  // In a plugin of its own, so that the documentation sees every route, and only ours are guarded.
  await app.register(async (scope) => {
    guard(scope as EdgeApp, options.verifier);
    addOwnRoutes(scope as EdgeApp, options, metrics);
    options.routes(scope as EdgeApp);
  });
  await listen(app, options);
  const { port } = app.server.address() as AddressInfo;
  return { url: `http://${urlHost(options.host)}:${port}`, metrics, close: () => app.close() };
}

function newApp() {
  const app = Fastify({
    logger: false,
    bodyLimit: LIMITS.bodyBytes,
    requestTimeout: LIMITS.requestMs,
    // Longer than usual balancers keep a connection, so that we are never the one who cuts it.
    keepAliveTimeout: 75_000,
    // A close ends idle keep-alive connections at once instead of waiting for them.
    forceCloseConnections: "idle",
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 128 },
    frameworkErrors: (_error, _request, reply) => {
      sendProblem(reply, new Problem("VALIDATION_FAILED", "the URL cannot be read"));
    },
    clientErrorHandler(_error: Error, socket: Socket) {
      // Not even HTTP: answered by hand, because there is no request to reply to.
      const body = JSON.stringify(
        new Problem("VALIDATION_FAILED", "not a valid HTTP request").body(),
      );
      if (!socket.writable) return;
      socket.end(
        `HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
      );
    },
  })
    .setValidatorCompiler(seam("edge.validator", validatorCompiler))
    .setSerializerCompiler(serializerCompiler)
    .withTypeProvider<ZodTypeProvider>();
  // JSON in and out: Fastify would also hand over plain text, as a string.
  app.removeContentTypeParser("text/plain");
  takeEmptyBodies(app);
  return app;
}

/**
 * Many clients say `content-type: application/json` on every request. Where a route takes no body,
 * an empty one is none; where it takes one, it is missing. Anything else is read as Fastify reads it.
 */
function takeEmptyBodies(app: FastifyInstance | EdgeApp): void {
  const parse = app.getDefaultJsonParser("error", "error");
  app.removeContentTypeParser("application/json");
  app.addContentTypeParser<string>(
    "application/json",
    { parseAs: "string" },
    (request, body, done) => {
      if (body === "" && request.routeOptions.schema?.body === undefined) done(null, undefined);
      else parse(request, body, done);
    },
  );
}

/** Authentication comes before validation: a stranger learns nothing about what would fit. */
function guard(app: EdgeApp, verifier: TokenVerifier): void {
  app.addHook("onRoute", (route) => {
    const access = route.config?.access ?? "user";
    if (access === "public") return;
    // What each request needs is decided here once, and a token known already costs no promise:
    // about 1 µs a request less than an asynchronous hook that looks the route up.
    const admit = (request: FastifyRequest, principal: Principal): void => {
      if (access === "admin" && principal.role !== "ADMIN") {
        throw new Problem("FORBIDDEN", "administrators only");
      }
      request.principal = principal;
    };
    const check: onRequestHookHandler = (request, _reply, done) => {
      const { authorization } = request.headers;
      const known = authorization?.startsWith("Bearer ") && verifier.recall(authorization.slice(7));
      if (known) {
        // A throw here would not reach the error handler.
        try {
          admit(request, known);
          done();
        } catch (error) {
          done(error as Error);
        }
        return;
      }
      authenticate(request, verifier)
        .then((principal) => admit(request, principal))
        .then(() => done(), done);
    };
    route.onRequest = [check, ...[route.onRequest ?? []].flat()];
  });
}

async function authenticate(request: FastifyRequest, verifier: TokenVerifier): Promise<Principal> {
  const header = request.headers.authorization;
  if (!header?.startsWith("Bearer ")) {
    throw new Problem("UNAUTHENTICATED", "send Authorization: Bearer <access token>");
  }
  const verification = await verifier.verify(header.slice("Bearer ".length));
  if (verification.ok) return verification.principal;
  if (verification.because === "keysUnavailable") {
    throw new Problem(
      "UNAVAILABLE",
      "tokens cannot be verified now: no keys from the account service",
      {
        retryAfterSeconds: 1,
      },
    );
  }
  throw new Problem("UNAUTHENTICATED", "the access token is invalid or has expired");
}

/** The principal of a route that is not public. */
export function principalOf(request: FastifyRequest): Principal {
  if (!request.principal) throw new Error(`${request.url} is public and has no principal`);
  return request.principal;
}

/**
 * The client id a caller acts for: their own, unless they are ADMIN.
 * @throws Problem FORBIDDEN for somebody else's id.
 */
export function actingClient(request: FastifyRequest, clientId: string | undefined): string {
  const { userId, role } = principalOf(request);
  const own = String(userId);
  if (clientId === undefined || clientId === own) return own;
  if (role === "ADMIN") return clientId;
  throw new Problem("FORBIDDEN", "clientId must be your own user id");
}

function addOwnRoutes(app: EdgeApp, options: EdgeOptions, metrics: EdgeMetrics): void {
  const config = { access: "public" } as const;
  const schema = { hide: true };
  app.get("/health", { config, schema }, () => ({ status: "up", service: options.service }));
  app.get("/ready", { config, schema }, async (_request, reply) => {
    const dependencies = await options.readiness();
    const ready = Object.values(dependencies).every(Boolean);
    return reply
      .status(ready ? 200 : 503)
      .send({ status: ready ? "ready" : "not ready", dependencies });
  });
  app.get("/metrics", { config, schema }, async (_request, reply) =>
    reply.type("text/plain; version=0.0.4; charset=utf-8").send(await metrics.text()),
  );
  app.get("/openapi.json", { config, schema }, () => app.swagger());
}

async function listen(app: FastifyInstance | EdgeApp, options: EdgeOptions): Promise<void> {
  try {
    await app.listen({ host: options.host, port: options.port });
  } catch (error) {
    await app.close();
    const code = (error as NodeJS.ErrnoException).code;
    const variable = `${options.service.toUpperCase()}_PORT`;
    if (code === "EADDRINUSE") {
      const holder = await whoHoldsPort(options.port);
      throw new ConfigurationError(
        `port ${options.port} (${options.service}) is in use${holder ? ` by ${holder}` : ""}; free it or set ${variable}`,
      );
    }
    if (code === "EACCES" || code === "EADDRNOTAVAIL" || code === "ENOTFOUND") {
      throw new ConfigurationError(
        `cannot listen on ${options.host}:${options.port} (${options.service}): ${code}; change HTTP_HOST or ${variable}`,
      );
    }
    throw error;
  }
}

function urlHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}
