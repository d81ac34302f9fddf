/** Promises of the embedded PostgreSQL that need no server. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { connectionUrl, serverArguments } from "./embedded-postgres.ts";
import { locatePostgres } from "./postgres-binaries.ts";
import { parseCredentials, temporaryOwner } from "./postgres-cluster.ts";
import { ServerUnavailable } from "./server-unavailable.ts";

test("a durable server never answers a commit that is not on the disk", () => {
  const args = serverArguments("/data", 5433, true);
  for (const setting of ["fsync=on", "synchronous_commit=on", "full_page_writes=on"]) {
    assert.ok(args.includes(setting), setting);
  }
});

test("only a temporary one may be faster than the disk", () => {
  assert.ok(serverArguments("/data", 5433, false).includes("fsync=off"));
});

test("the server listens on this machine alone and has no socket file", () => {
  const args = serverArguments("/data", 5433, true);
  assert.ok(args.includes("listen_addresses=127.0.0.1"));
  assert.ok(args.includes("unix_socket_directories="));
  assert.equal(args.slice(0, 4), ["-D", "/data", "-p", "5433"]);
});

test("a password with special characters survives the URL", () => {
  const url = new URL(connectionUrl({ user: "a b", password: "p/@:?#%" }, 5433, "reservex_saga"));
  assert.is(decodeURIComponent(url.password), "p/@:?#%");
  assert.is(decodeURIComponent(url.username), "a b");
  assert.is(url.host, "127.0.0.1:5433");
  assert.is(url.pathname, "/reservex_saga");
});

test("damaged credentials are no credentials", () => {
  for (const text of ["", "{", "null", "{}", '{"user":"a"}', '{"user":1,"password":"x"}']) {
    assert.is(parseCredentials(text), undefined, text);
  }
});

test("only a cluster announced as temporary has an owner whose loss lets it be swept", () => {
  assert.is(temporaryOwner('{"dataDir":"/a","temporary":true}'), "/a");
  for (const text of ["", "null", "{", '{"dataDir":"/a"}', '{"dataDir":"/a","temporary":false}']) {
    assert.is(temporaryOwner(text), undefined, text);
  }
});

test("a platform without a package is told what to do, in one line", async () => {
  const error = await locatePostgres("linux", "s390x").catch((e) => e);
  assert.instance(error, ServerUnavailable);
  assert.match(error.message, /linux-s390x is not installed: .*DATABASE_URL/);
  assert.match((await locatePostgres("win32", "x64").catch((e) => e)).message, "WSL 2");
});

test.run();
