import { createHmac } from "node:crypto";
import {
  createLocalJWKSet,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWTPayload,
  SignJWT,
} from "jose";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CachingVerifier, remoteVerifier } from "./tokens.ts";

const rules = { issuer: "reservex", audience: "reservex" };
const pair = await generateKeyPair("ES256", { extractable: true });
const jwk = { ...(await exportJWK(pair.publicKey)), kid: "k1", alg: "ES256", use: "sig" };
let nowMs = 1_800_000_000_000;
let keySet = "k1";
const seconds = () => Math.floor(nowMs / 1_000);
const verifier = new CachingVerifier(
  createLocalJWKSet({ keys: [jwk] }),
  () => keySet,
  rules,
  () => nowMs,
);

interface Forgery {
  readonly header?: Record<string, unknown>;
  readonly claims?: JWTPayload;
}

function sign(
  { header, claims }: Forgery = {},
  key: Parameters<SignJWT["sign"]>[0] = pair.privateKey,
) {
  const payload = {
    sub: "7",
    role: "USER",
    iss: "reservex",
    aud: "reservex",
    jti: "j",
    iat: seconds(),
    exp: seconds() + 60,
  };
  return new SignJWT({ ...payload, ...claims })
    .setProtectedHeader({ alg: "ES256", kid: "k1", typ: "at+jwt", ...header })
    .sign(key);
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

test("a good token tells who is asking, at the first look and at every later one", async () => {
  const token = await sign();
  for (let look = 0; look < 3; look++) {
    assert.equal(await verifier.verify(token), {
      ok: true,
      principal: { userId: 7, role: "USER" },
    });
  }
});

test("a remembered token ends with its exp", async () => {
  const token = await sign();
  assert.is((await verifier.verify(token)).ok, true);
  nowMs += 60_000;
  assert.is((await verifier.verify(token)).ok, false);
});

test("when the published keys change, nothing is remembered", async () => {
  const other = await generateKeyPair("ES256");
  let published = [jwk];
  const changing = new CachingVerifier(
    (header, token) => createLocalJWKSet({ keys: published })(header, token),
    () => keySet,
    rules,
    () => nowMs,
  );
  const token = await sign();
  assert.is((await changing.verify(token)).ok, true);
  published = [{ ...(await exportJWK(other.publicKey)), kid: "k2", alg: "ES256", use: "sig" }];
  keySet = "k2";
  assert.is((await changing.verify(token)).ok, false);
  keySet = "k1";
});

test("no forgery is accepted, and none is an error", async () => {
  const stranger = await generateKeyPair("ES256");
  const good = await sign();
  const [head, body, signature] = good.split(".") as [string, string, string];
  const shared = Buffer.from(await exportSPKI(pair.publicKey));
  const hmacHead = encode({ alg: "HS256", kid: "k1", typ: "at+jwt" });
  const hmac = createHmac("sha256", shared).update(`${hmacHead}.${body}`).digest("base64url");
  const forged: Record<string, string> = {
    empty: "",
    words: "not a token",
    dots: "..",
    "no signature": `${head}.${body}.`,
    "alg none": `${encode({ alg: "none", typ: "at+jwt" })}.${body}.`,
    "public key as shared secret": `${hmacHead}.${body}.${hmac}`,
    "another body": `${head}.${encode({ sub: "1", role: "ADMIN" })}.${signature}`,
    "cut off": good.slice(0, -4),
    "another key": await sign({}, stranger.privateKey),
    "unknown kid": await sign({ header: { kid: "k9" } }, stranger.privateKey),
    "kid that is a path": await sign({ header: { kid: "../../etc/passwd" } }, stranger.privateKey),
    "own key in the header": await sign(
      { header: { jwk: await exportJWK(stranger.publicKey) } },
      stranger.privateKey,
    ),
    "another type": await sign({ header: { typ: "JWT" } }),
    "another issuer": await sign({ claims: { iss: "elsewhere" } }),
    "another audience": await sign({ claims: { aud: "elsewhere" } }),
    expired: await sign({ claims: { exp: seconds() - 1 } }),
    "not yet": await sign({ claims: { nbf: seconds() + 600 } }),
    "no role": await sign({ claims: { role: undefined } }),
    "a role of its own": await sign({ claims: { role: "ROOT" } }),
    "no user": await sign({ claims: { sub: "nobody" } }),
    "a negative user": await sign({ claims: { sub: "-1" } }),
    "too long": await sign({ claims: { pad: "x".repeat(5_000) } }),
  };
  for (const [name, token] of Object.entries(forged)) {
    assert.equal(await verifier.verify(token), { ok: false, because: "invalid" }, name);
  }
});

test("without the account service's keys a token is neither good nor bad", async () => {
  // Port 1: nobody listens there.
  const cutOff = remoteVerifier("http://127.0.0.1:1", rules);
  assert.equal(await cutOff.verify(await sign()), { ok: false, because: "keysUnavailable" });
});

test.run();
