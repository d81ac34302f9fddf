/** The servers ours is compared with, each in a process of its own. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import Fastify, { type FastifyInstance } from "fastify";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { readConfig } from "../../services/common/config.ts";
import type { Status } from "../../services/common/contracts/queue.ts";
import { type Served, serve } from "./child-side.ts";
import { connectRedis } from "./redis-hand.ts";

export type RivalSettings =
  | { readonly kind: "fastify" | "node-http" }
  | {
      readonly kind: "naive";
      readonly accountUrl: string;
      readonly redisUrl: string;
      /** Sorted set with members `u:{clientId}`. */
      readonly key: string;
    };

const ROUTE = "/queue/:eventId/status";

/** What a client in the middle of a long line is told; all rivals answer with this object. */
const STATUS: Status = {
  position: 50_000,
  passReady: false,
  passToken: null,
  passExpiresAt: null,
  estimatedWaitSeconds: 30_000,
  pollAfterSeconds: 45,
};

await serve<RivalSettings>((settings) => {
  switch (settings.kind) {
    case "fastify":
      return listen(bareFastify());
    case "naive":
      return naive(settings);
    case "node-http":
      return bareNode();
  }
});

function bareFastify(): FastifyInstance {
  const app = Fastify({ logger: false });
  app.get(ROUTE, () => STATUS);
  return app;
}

/** As a first version is often written: each poll verifies its token and asks Redis for its rank. */
async function naive(settings: Extract<RivalSettings, { kind: "naive" }>): Promise<Served> {
  const { TOKEN_ISSUER: issuer, TOKEN_AUDIENCE: audience } = readConfig({});
  const keys = createRemoteJWKSet(new URL("/.well-known/jwks.json", settings.accountUrl));
  const redis = connectRedis(settings.redisUrl);
  const app = Fastify({ logger: false });
  app.get(ROUTE, async (request, reply) => {
    const token = request.headers.authorization?.slice("Bearer ".length) ?? "";
    const { payload } = await jwtVerify(token, keys, { issuer, audience });
    const position = await redis.zrank(settings.key, `u:${payload.sub}`);
    return position === null ? reply.status(404).send() : { ...STATUS, position };
  });
  app.addHook("onClose", async () => redis.disconnect());
  return listen(app);
}

async function bareNode(): Promise<Served> {
  const server = createServer((_request, response) => {
    response.setHeader("content-type", "application/json; charset=utf-8");
    response.end(JSON.stringify(STATUS));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return { port: (server.address() as AddressInfo).port, close };
}

async function listen(app: FastifyInstance): Promise<Served> {
  await app.listen({ host: "127.0.0.1", port: 0 });
  return { port: (app.server.address() as AddressInfo).port, close: () => app.close() };
}
