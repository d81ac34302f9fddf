/** The file of a record: every line whole and in its order, however long and in whatever script. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { HistoryFile } from "./history-file.ts";

const test = suite<{ path: string; folder: string }>("history file");
test.before.each(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), "reservex-history-"));
  context.path = join(context.folder, "history.ndjson");
});
test.after.each(({ folder }) => rm(folder, { recursive: true }));

function open(path: string, caughtUp = (): void => undefined): HistoryFile {
  return new HistoryFile(path, {
    caughtUp,
    failed: (error) => {
      throw error;
    },
  });
}

test("lines of every length and script come out as they went in", async ({ path }) => {
  const file = open(path);
  const lines = Array.from({ length: 5_000 }, (_, i) =>
    JSON.stringify({ id: i, text: "aß€😀".repeat(i % 97), broken: "\ud800" }),
  );
  for (const line of lines) file.addText(line);
  await file.close();
  assert.is(await readFile(path, "utf8"), `${lines.join("\n")}\n`);
});

test("a line longer than a piece stands between its neighbours", async ({ path }) => {
  const file = open(path);
  const lines = ["before", "x".repeat(1_000_000), "€".repeat(100_000), "after"];
  for (const line of lines) file.addText(line);
  await file.close();
  assert.is(await readFile(path, "utf8"), `${lines.join("\n")}\n`);
});

test("a piece handed to the disk is not written over by the lines after it", async ({ path }) => {
  const file = open(path);
  const lines: string[] = [];
  for (let round = 0; round < 40; round += 1) {
    for (let i = 0; i < 50; i += 1) {
      const line = `${round}-${i}-${"abcdefghij"[i % 10]!.repeat(2_000)}`;
      lines.push(line);
      file.addText(line);
    }
    file.flush();
    // Some pieces come back from the disk meanwhile and are used again.
    if (round % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await file.close();
  assert.is(await readFile(path, "utf8"), `${lines.join("\n")}\n`);
});

test("more than the disk takes at once is behind until it has caught up", async ({ path }) => {
  const caughtUp = Promise.withResolvers<void>();
  const file = open(path, () => caughtUp.resolve());
  const line = "x".repeat(100_000);
  let lines = 0;
  while (!file.behind) {
    file.addText(line);
    lines += 1;
    assert.ok(lines < 1_000, "never behind");
  }
  await caughtUp.promise;
  assert.not(file.behind);
  await file.close();
  assert.is((await readFile(path)).length, lines * (line.length + 1));
});

test.run();
