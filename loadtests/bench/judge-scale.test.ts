/** The judges on a long record: 200,000 operations in seconds, and nobody accused. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { judgeScale } from "./judge-scale.ts";

test("200,000 operations are read and judged in seconds, in bounded memory", async () => {
  const { operations, readSeconds, judgeSeconds, peakMiB, broken } = await judgeScale(200_000);
  assert.is(operations, 200_000);
  assert.equal(broken, []);
  // A fifth of the promise for a million; a busy machine is given twice that.
  assert.ok(readSeconds + judgeSeconds < 12, `${readSeconds} + ${judgeSeconds} s`);
  assert.ok(peakMiB < 1_000, `${peakMiB} MiB`);
});

test.run();
