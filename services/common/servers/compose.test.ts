/** Promises of docker-compose.yml, the Dockerfile and .dockerignore, read as text. */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import { settingNames } from "../config.ts";
import { DEFAULT_PORTS, SERVICES } from "../contracts/names.ts";

interface ComposeService {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly init?: boolean;
  readonly restart?: string;
  readonly healthcheck?: { readonly test: readonly string[]; readonly start_period?: string };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const root = new URL("../../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");
const text = read("docker-compose.yml");
const compose = parse(text, { merge: true }) as Compose;
const all = Object.entries(compose.services);
const infrastructure = ["nats", "redis", "postgres"];

function service(name: string): ComposeService {
  const found = compose.services[name];
  assert.ok(found, `${name} is missing`);
  return found as ComposeService;
}

test("the five services and their three servers are there, and nothing else", () => {
  assert.equal(Object.keys(compose.services).sort(), [...infrastructure, ...SERVICES].sort());
});

test("each service runs alone, on its contract port, and is asked there if it is ready", () => {
  for (const name of SERVICES) {
    const port = DEFAULT_PORTS[name];
    const { command, ports, environment } = service(name);
    assert.equal(command, ["up", "--services", name]);
    assert.equal(ports, [`${port}:${port}`], name);
    assert.is(environment?.HEALTH_URL, `http://127.0.0.1:${port}/ready`);
    assert.is(environment?.HTTP_HOST, "0.0.0.0");
  }
});

test("the servers have the contract's ports, on this machine alone", () => {
  assert.equal(service("postgres").ports, ["127.0.0.1:5433:5432"]);
  assert.equal(service("redis").ports, ["127.0.0.1:6380:6379"]);
  assert.equal(service("nats").ports, ["127.0.0.1:4222:4222", "127.0.0.1:8222:8222"]);
});

test("every container has a health check and comes back after a crash", () => {
  for (const [name, { healthcheck, restart }] of all) {
    assert.ok((healthcheck?.test.length ?? 0) > 1, name);
    assert.match(healthcheck?.test[0] ?? "", /^CMD(-SHELL)?$/, name);
    // An unquoted ": " would make a mapping of a command.
    for (const word of healthcheck?.test ?? []) assert.type(word, "string", name);
    assert.ok(healthcheck?.start_period, name);
    assert.is(restart, "unless-stopped", name);
  }
});

test("services wait until what they need is healthy, and what they name exists", () => {
  for (const [name, { depends_on = {} }] of all) {
    for (const [needed, { condition }] of Object.entries(depends_on)) {
      assert.ok(needed in compose.services, `${name} needs ${needed}`);
      assert.is(condition, "service_healthy");
    }
  }
  for (const name of SERVICES) {
    assert.equal(Object.keys(service(name).depends_on ?? {}).sort(), infrastructure.toSorted());
  }
});

test("the health check succeeds on a 2xx answer only", async () => {
  const [, program, , script = ""] = service("ticket").healthcheck?.test ?? [];
  assert.is(program, "node");
  for (const [ok, code] of [
    [true, 0],
    [false, 1],
    ["unreachable", 1],
  ] as const) {
    const fetchIt = async (): Promise<{ ok: boolean }> => {
      if (ok === "unreachable") throw new Error("connection refused");
      return { ok };
    };
    const exited = await new Promise((exit) => {
      new Function("fetch", "process", script)(fetchIt, { env: { HEALTH_URL: "" }, exit });
    });
    assert.is(exited, code);
  }
});

test("data lies on named volumes that are declared", () => {
  for (const name of infrastructure) {
    const [volume = ""] = service(name).volumes ?? [];
    assert.ok((volume.split(":")[0] as string) in compose.volumes, `${name}: ${volume}`);
  }
  // The image of PostgreSQL 18 keeps its data one level deeper than the images before it.
  assert.equal(service("postgres").volumes, ["postgres-data:/var/lib/postgresql"]);
});

test("Redis and JetStream keep their data", () => {
  assert.match((service("redis").command ?? []).join(" "), "--appendonly yes");
  assert.match((service("nats").command ?? []).join(" "), "--jetstream --store_dir /data");
});

test("no secret is written down: each must be set, and its absence stops the start", () => {
  const required = /^\$\{[A-Z_]+:\?[^}]+\}$/;
  for (const [name, { environment = {} }] of all) {
    for (const [variable, value] of Object.entries(environment)) {
      if (/PASSWORD|SECRET|CREDENTIAL|TOKEN|KEY/.test(variable)) {
        assert.match(value, required, `${name}: ${variable}`);
      }
      const password = /:\/\/[^:/@]*:(.*)@/.exec(value)?.[1];
      if (password !== undefined) assert.match(password, required, `${name}: ${variable}`);
    }
  }
  assert.is(text.match(/\$\{POSTGRES_PASSWORD:\?/g)?.length, 2);
});

test("the head of the file says how to make every secret that must be set", () => {
  const head = text.slice(0, text.indexOf("\nname:"));
  const needed = new Set([...text.matchAll(/\$\{([A-Z_]+):\?/g)].map((match) => match[1]!));
  const made = [...head.matchAll(/([A-Z_]+)=%s/g)].map((match) => match[1]!);
  assert.equal(made.sort(), [...needed].sort());
  assert.is(head.match(/openssl rand/g)?.length, made.length);
});

test("every image is pinned to a major version", () => {
  for (const [name, { image = "" }] of all) assert.match(image, /^[a-z]+:\d+/, name);
  for (const line of read("services/Dockerfile").matchAll(/^FROM (\S+)/gm)) {
    assert.is(line[1], "node:24-slim");
  }
});

test("the services are told only of settings that exist", () => {
  const known = new Set([...settingNames(), "HEALTH_URL"]);
  for (const name of SERVICES) {
    const { environment = {} } = service(name);
    assert.equal(
      Object.keys(environment).filter((variable) => !known.has(variable)),
      [],
    );
    for (const variable of ["DATABASE_URL", "REDIS_URL", "NATS_URL", "ACCOUNT_URL"]) {
      assert.ok(environment[variable], `${name}: ${variable}`);
    }
  }
});

test("the image runs the source as a user without rights, and something reaps its orphans", () => {
  const dockerfile = read("services/Dockerfile");
  const last = dockerfile.slice(dockerfile.lastIndexOf("FROM "));
  assert.match(last, /^USER node$/m);
  assert.match(last, /^ENTRYPOINT \["node", "\/app\/cli\/main\.ts"\]$/m);
  assert.match(last, /^HEALTHCHECK /m);
  assert.match(dockerfile, "npm ci --omit=dev");
  for (const name of SERVICES) {
    assert.is(service(name).init, true);
    assert.is(service(name).build?.dockerfile, "services/Dockerfile");
  }
});

test("nothing enters the image unless it is named, and no .env ever does", () => {
  const lines = read(".dockerignore").split("\n");
  assert.ok(lines.indexOf("*") < lines.findIndex((line) => line.startsWith("!")));
  const named = lines.filter((line) => line.startsWith("!")).map((line) => line.slice(1));
  assert.ok(lines.lastIndexOf("**/.env*") > lines.indexOf(`!${named.at(-1)}`));
  const copied = [...read("services/Dockerfile").matchAll(/^COPY (?!--from)(.+)$/gm)]
    .flatMap((match) => (match[1] as string).split(" ").slice(0, -1))
    .filter((path) => !named.includes(path));
  assert.equal(copied, []);
});

test.run();
