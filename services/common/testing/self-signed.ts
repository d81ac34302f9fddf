/** A certificate for this machine, made for one test: nobody else trusts it, and no key is kept. */
import { generateKeyPairSync, sign } from "node:crypto";

export interface SelfSigned {
  /** PEM, as node:tls takes them. */
  readonly key: string;
  readonly cert: string;
}

/** Valid for localhost and 127.0.0.1, an hour from now and an hour back; RFC 5280 in a nutshell. */
export function selfSigned(): SelfSigned {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = SEQUENCE(der(0x31, SEQUENCE(COMMON_NAME, der(0x0c, Buffer.from("localhost")))));
  const validity = SEQUENCE(time(-3_600_000), time(3_600_000));
  const names = SEQUENCE(
    der(0x82, Buffer.from("localhost")),
    der(0x87, Buffer.from([127, 0, 0, 1])),
  );
  const extensions = der(0xa3, SEQUENCE(SEQUENCE(ALT_NAMES, der(0x04, names))));
  const key = publicKey.export({ type: "spki", format: "der" });
  const told = SEQUENCE(
    ...[VERSION_3, SERIAL_1, ECDSA_SHA256, name, validity, name, key, extensions],
  );
  const signature = sign("sha256", told, privateKey);
  const whole = SEQUENCE(told, ECDSA_SHA256, der(0x03, Buffer.from([0]), signature));
  const lines = whole.toString("base64").replace(/.{64}/g, "$&\n");
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  };
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const { length } = body;
  const size =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
}

function SEQUENCE(...parts: readonly Buffer[]): Buffer {
  return der(0x30, ...parts);
}

function time(fromNowMs: number): Buffer {
  const at = new Date(Date.now() + fromNowMs).toISOString();
  return der(0x18, Buffer.from(`${at.replaceAll(/[-:T]/g, "").slice(0, 14)}Z`));
}

const VERSION_3 = der(0xa0, der(0x02, Buffer.from([2])));
const SERIAL_1 = der(0x02, Buffer.from([1]));
const ECDSA_SHA256 = SEQUENCE(Buffer.from("06082a8648ce3d040302", "hex"));
const COMMON_NAME = Buffer.from("0603550403", "hex");
const ALT_NAMES = Buffer.from("0603551d11", "hex");
