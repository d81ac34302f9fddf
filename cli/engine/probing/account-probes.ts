/** Logins, refresh tokens, and what a failed login tells. */
import { randomBytes } from "node:crypto";
import { isRecord } from "../client/answer.ts";
import type { Reply } from "../http/http-driver.ts";
import type { Probe } from "./prober.ts";
import type { Visit } from "./probing.ts";

/** As many failed logins of one person as cost no wait at most shops. */
const LOGINS = 4;

const post = { promise: "access", service: "account", method: "POST" } as const;

export async function probeAccounts({ prober, ground }: Visit): Promise<void> {
  const email = `${ground.prefix}@probe.invalid`;
  const password = randomBytes(18).toString("base64url");
  const signUp = { ...post, path: "/api/auth/signup", body: { email, password, name: "Probe" } };
  const tried = "a sign-up";
  const session = await prober.send({ ...signUp, tried, expected: "served" });
  await prober.send({
    ...{ ...signUp, tried: "a second sign-up with one e-mail", expected: "refused" },
    body: { ...signUp.body, password: randomBytes(18).toString("base64url") },
  });
  await probeTokens(prober, session);
  await probeLogins(prober, email);
}

async function probeTokens(prober: Visit["prober"], session: Reply): Promise<void> {
  const { access, refresh } = tokensOf(session);
  if (access === undefined || refresh === undefined) return;
  const me = { ...post, method: "GET", path: "/api/users/me" } as const;
  const own = { tried: "an access token", expected: "served", token: access } as const;
  await prober.send({ ...me, ...own });
  const wrong = "a refresh token as an access token";
  await prober.send({ ...me, tried: wrong, expected: "refused", token: refresh });
  const renew = { ...post, path: "/api/auth/refresh", body: { refreshToken: refresh } };
  await prober.send({ ...renew, tried: "a refresh token", expected: "served" });
  await prober.send({ ...renew, tried: "a refresh token once more", expected: "refused" });
}

function tokensOf({ body }: Reply): { access?: string; refresh?: string } {
  if (!isRecord(body)) return {};
  const { accessToken: access, refreshToken: refresh } = body;
  return typeof access === "string" && typeof refresh === "string" ? { access, refresh } : {};
}

/** By turns, so that whatever slows the machine down slows both kinds. */
async function probeLogins(prober: Visit["prober"], email: string): Promise<void> {
  const shared: Omit<Probe, "tried"> = {
    ...{ ...post, path: "/api/auth/login", expected: "refused" },
    alike: "the answer to a failed login",
    pace: "whether an e-mail has an account",
    said: (body) => (isRecord(body) ? String(body.detail ?? "") : ""),
  };
  for (let turn = 0; turn < LOGINS; turn += 1) {
    const body = { email, password: `wrong-${turn}-${randomBytes(6).toString("hex")}` };
    await prober.send({ ...shared, tried: "a wrong password", body });
    const unknown = { ...body, email: `nobody-${randomBytes(6).toString("hex")}@probe.invalid` };
    await prober.send({ ...shared, tried: "an e-mail without an account", body: unknown });
  }
}
