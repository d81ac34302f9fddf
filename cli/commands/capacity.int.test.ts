import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { reservex, temporaryFolder } from "../testing/processes.ts";

test("the search tries real sales, says what stood in the way, and keeps each step's record", async () => {
  const out = await temporaryFolder();
  try {
    // A goal that nothing meets: the way down is short and the same on every machine.
    const small = ["--from", "2", "--most", "4", "--seconds", "2", "--out", join(out, "steps")];
    const { code, stdout, stderr } = await reservex([
      ...["capacity", ...small, "--goals", "reserve=1", "--json"],
    ]);
    assert.is(code, 0, stderr);
    const found = JSON.parse(stdout);
    assert.is(found.arrivalsPerSecond, null);
    assert.equal(
      found.steps.map(({ rate }: { rate: number }) => rate),
      [2, 1],
    );
    assert.match(found.limit, /at 1\/s/);
    for (const { limitedBy, folder } of found.steps) {
      assert.ok(["latency", "tester"].includes(limitedBy), `limited by ${limitedBy}`);
      assert.ok((await readdir(folder)).includes("report.html"));
    }
  } finally {
    await rm(out, { recursive: true });
  }
});

test("a goal that is none is wrong usage", async () => {
  const { code, stderr } = await reservex(["capacity", "--goals", "join=fast"]);
  assert.is(code, 64);
  assert.match(stderr, /"join=fast" is not like join=500/);
});

test.run();
