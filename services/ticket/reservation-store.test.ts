/** Which errors prove that a purchase did not happen. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { nothingCommitted } from "./reservation-store.ts";

const reported = (code: string) =>
  Object.assign(new Error("reported"), { code, severity: "ERROR" });

class ConnectionError extends Error {}

test("an error that the server reported changed nothing", () => {
  for (const code of ["40P01", "57014", "23514", "53300"])
    assert.ok(nothingCommitted(reported(code)));
});

test("the driver's wrapping of such an error is looked through", () => {
  assert.ok(nothingCommitted(new Error("wrapped", { cause: reported("57014") })));
});

test("where no connection was had, nothing happened", () => {
  assert.ok(nothingCommitted(new ConnectionError("refused")));
});

test("a cut connection and a server told to stop prove nothing", () => {
  assert.not.ok(nothingCommitted(reported("57P01")));
  assert.not.ok(nothingCommitted(reported("08006")));
  assert.not.ok(nothingCommitted(new Error("Connection terminated unexpectedly")));
  assert.not.ok(nothingCommitted(Object.assign(new Error("write"), { code: "EPIPE" })));
  assert.not.ok(nothingCommitted(undefined));
});

test.run();
