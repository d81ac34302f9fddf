/** Requests for what is somebody else's, or nobody's but the services'. */
import { createHmac } from "node:crypto";
import type { Probe } from "./prober.ts";
import type { Visit } from "./probing.ts";

/** What stands in tutorials and in repositories: no service may believe what is signed with it. */
export const KNOWN_SECRETS = ["secret", "changeme", "your-256-bit-secret"];

const HOUR_SECONDS = 3_600;

export async function probeAccess(visit: Visit, reservationId: number | undefined): Promise<void> {
  for (const probe of queueProbes(visit)) await visit.prober.send(probe);
  for (const probe of operatorProbes(visit)) await visit.prober.send(probe);
  if (reservationId === undefined) return;
  for (const probe of reservationProbes(visit, reservationId)) await visit.prober.send(probe);
}

function reservationProbes({ ground }: Visit, id: number): Probe[] {
  const path = `/api/reservations/${id}`;
  const refused = { promise: "access", expected: "refused", service: "ticket" } as const;
  const look = { ...refused, method: "GET", path } as const;
  const change = { ...refused, method: "PUT" } as const;
  const { owner, stranger } = ground;
  const own = { ...look, tried: "the owner's look at a reservation", expected: "served" } as const;
  const forged = forgedTokens(owner.accessToken, owner.userId);
  return [
    { ...own, token: owner.accessToken },
    { ...look, tried: "a look at a reservation without a token" },
    { ...look, tried: "a stranger's look at a reservation", token: stranger.accessToken },
    ...forged.map(([tried, token]) => ({ ...look, tried, token })),
    { ...change, tried: "a cancellation without a token", path: `${path}/cancel` },
    {
      ...{ ...change, tried: "a stranger's cancellation", path: `${path}/cancel` },
      token: stranger.accessToken,
    },
    {
      ...{ ...change, tried: "a confirmation without a payment", path: `${path}/confirm` },
      token: stranger.accessToken,
    },
    { ...own, token: owner.accessToken },
  ];
}

/** Tokens that nobody has signed who may. */
function forgedTokens(genuine: string, userId: number): [string, string][] {
  const [header = "", payload = "", signature = ""] = genuine.split(".");
  // Not the last character: some of its bits are none of the signature's.
  const turned = `${signature[0] === "A" ? "B" : "A"}${signature.slice(1)}`;
  const claims = claimsOf(payload, userId);
  const unsigned = `${encode({ alg: "none", typ: "JWT" })}.${encode(claims)}.`;
  return [
    ["a token with another signature", `${header}.${payload}.${turned}`],
    ["a token that is not signed", unsigned],
    ["a token of noise", "x.y.z"],
    ...KNOWN_SECRETS.map((secret): [string, string] => [
      `a token signed with the secret "${secret}" that everybody knows`,
      signedWith(secret, claims),
    ]),
  ];
}

/** The genuine claims as far as they can be read, for an administrator. */
function claimsOf(payload: string, userId: number): object {
  const now = Math.floor(Date.now() / 1_000);
  const times = { iat: now, exp: now + HOUR_SECONDS };
  try {
    const genuine = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
    return { ...genuine, ...times, role: "ADMIN" };
  } catch {
    return { sub: String(userId), role: "ADMIN", jti: "probe", ...times };
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function signedWith(secret: string, claims: object): string {
  const content = `${encode({ alg: "HS256", typ: "at+jwt" })}.${encode(claims)}`;
  return `${content}.${createHmac("sha256", secret).update(content).digest("base64url")}`;
}

function queueProbes({ ground }: Visit): Probe[] {
  const { eventId, owner, stranger } = ground;
  const refused = { promise: "access", expected: "refused", service: "queue" } as const;
  const line = `/queue/${eventId}`;
  const asOwner = `?clientId=${owner.userId}`;
  const gate = `${line}/validate-pass-token${asOwner}&passToken=pass_probe`;
  const internal = { ...refused, method: "POST", path: gate } as const;
  const wrong = ["x-service-credential", "x".repeat(43)];
  const { accessToken: token } = stranger;
  return [
    { ...refused, tried: "a join without a token", method: "POST", path: `${line}/enqueue` },
    {
      ...{ ...refused, tried: "a stranger's join as somebody else", token },
      ...{ method: "POST", path: `${line}/enqueue${asOwner}` },
    },
    {
      ...{ ...refused, tried: "a stranger's look at somebody's place", token },
      ...{ method: "GET", path: `${line}/status${asOwner}` },
    },
    {
      ...{ ...refused, tried: "a stranger's leaving for somebody else", token },
      ...{ method: "DELETE", path: `${line}${asOwner}` },
    },
    { ...internal, tried: "a pass to the internal endpoint, without any credential" },
    { ...internal, tried: "a pass to the internal endpoint, as a buyer", token },
    {
      ...internal,
      tried: "a pass to the internal endpoint, with a wrong credential",
      headers: wrong,
    },
  ];
}

/** What only administrators may do. */
function operatorProbes({ ground }: Visit): Probe[] {
  const token = ground.stranger.accessToken;
  const refused = { promise: "access", expected: "refused", token } as const;
  const line = `/queue/${ground.eventId}`;
  const faster = { permitsPerMinute: 60_000 };
  return [
    {
      ...{ ...refused, tried: "a buyer's change of the admission rate" },
      ...{ service: "queue", method: "PATCH", path: `${line}/settings`, body: faster },
    },
    {
      ...{ ...refused, tried: "a buyer's look at the waiting room" },
      ...{ service: "queue", method: "GET", path: `${line}/stats` },
    },
    {
      ...{ ...refused, tried: "a buyer's look at the books" },
      ...{ service: "ticket", method: "GET", path: "/api/admin/ledger?limit=1" },
    },
    {
      ...{ ...refused, tried: "a buyer's change of a price" },
      ...{ service: "ticket", method: "PATCH", path: `/api/products/${ground.plentyProductId}` },
      body: { price: 0.01 },
    },
  ];
}
