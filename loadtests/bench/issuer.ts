/** Signs access tokens as the account service does, and publishes the key that proves them. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { readConfig } from "../../services/common/config.ts";
import type { Role } from "../../services/common/contracts/account.ts";
import { ACCESS_TOKEN_TYPE, TOKEN_ALGORITHMS } from "../../services/common/http/tokens.ts";
import { uuid } from "../../services/common/ids.ts";

export interface Issuer {
  /** Serves /.well-known/jwks.json. */
  readonly url: string;
  token(userId: number, role?: Role): Promise<string>;
  close(): Promise<void>;
}

export async function startIssuer(): Promise<Issuer> {
  const config = readConfig({});
  const alg = TOKEN_ALGORITHMS[0]!;
  const { privateKey, publicKey } = await generateKeyPair(alg);
  const key = { ...(await exportJWK(publicKey)), kid: "bench", alg, use: "sig" };
  const published = JSON.stringify({ keys: [key] });
  const server = createServer((_request, response) => {
    response.setHeader("content-type", "application/json").end(published);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token: (userId, role = "USER") =>
      new SignJWT({ role })
        .setProtectedHeader({ alg, kid: key.kid, typ: ACCESS_TOKEN_TYPE })
        .setSubject(String(userId))
        .setIssuer(config.TOKEN_ISSUER)
        .setAudience(config.TOKEN_AUDIENCE)
        .setJti(uuid())
        .setIssuedAt()
        .setExpirationTime("1h")
        .sign(privateKey),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
