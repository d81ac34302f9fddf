/** Each script keeps to the contract in its header, and the code that calls it to the same. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { SCRIPT_NAMES, waitingRoomScripts } from "./scripts.ts";

const FOLDER = join(import.meta.dirname, "..", "lua");
const files = readdirSync(FOLDER).map((name) => name.replace(".lua", ""));
const textOf = (name: string) => readFileSync(join(FOLDER, `${name}.lua`), "utf8");

interface Header {
  readonly sections: readonly string[];
  readonly keys: number;
  readonly arguments: number;
  /** The first element of each reply. */
  readonly words: readonly string[];
}

function headerOf(name: string): Header {
  const lines = textOf(name).split("\n");
  const header = lines
    .slice(
      0,
      lines.findIndex((line) => !line.startsWith("--")),
    )
    .join("\n");
  const section = (title: string) =>
    new RegExp(`^-- ${title}:([\\s\\S]*?)(?=^-- [A-Z][\\w ]+:|$(?![\\s\\S]))`, "m").exec(
      header,
    )?.[1] ?? "";
  const numbered = (title: string) => section(title).match(/^--\s{3}\d /gm)?.length ?? 0;
  return {
    sections: [...header.matchAll(/^-- ([A-Z][\w ]+):/gm)].map((match) => match[1]!),
    keys: numbered("KEYS"),
    arguments: numbered("ARGV"),
    words: [...section("RETURNS").matchAll(/(?:^|\s|:)\{"(\w+)"/g)].map((match) => match[1]!),
  };
}

/** Code without its comments. */
const codeOf = (source: string) => source.replaceAll(/--.*$/gm, "");
const largest = (source: string, table: string) =>
  Math.max(0, ...[...source.matchAll(new RegExp(`${table}\\[(\\d+)\\]`, "g"))].map((m) => +m[1]!));

test("every file is a script that is called, or a part of one", () => {
  const parts = SCRIPT_NAMES.flatMap(
    (name) => /^-- include ([\w ]+)\n/.exec(textOf(name))?.[1]?.split(" ") ?? [],
  );
  assert.equal(files.toSorted(), [...new Set([...SCRIPT_NAMES, ...parts])].toSorted());
});

for (const name of SCRIPT_NAMES) {
  test(`${name}.lua: its header says all that a caller relies on`, () => {
    const { sections, keys, words } = headerOf(name);
    assert.equal(sections, [
      "Purpose",
      "Atomic because",
      "Clock",
      "KEYS",
      "ARGV",
      "RETURNS",
      "Repeats safely",
    ]);
    assert.ok(keys <= 4);
    assert.ok(words.length > 0);
  });

  test(`${name}.lua: takes the keys and arguments of its header, and no others`, () => {
    const header = headerOf(name);
    const code = codeOf(waitingRoomScripts().find((script) => script.name === name)!.source);
    assert.is(largest(code, "KEYS"), header.keys);
    assert.ok(largest(code, "ARGV") <= header.arguments);
    assert.is(header.arguments, 4, "what the store passes to each of them");
  });

  test(`${name}.lua: answers with a word of its header first`, () => {
    const { words } = headerOf(name);
    const code = codeOf(textOf(name));
    const returned = [...code.matchAll(/^(?: {2})?return \{\s*'(\w+)'/gm)].map(
      (match) => match[1]!,
    );
    assert.ok(returned.length > 0);
    for (const word of returned) assert.ok(words.includes(word), `"${word}" is not in the header`);
    if (/return \{ lost \}/.test(code)) assert.ok(words.includes("lost"));
  });
}

test("time is taken from Redis in one place", () => {
  const asking = files.filter((name) => /'TIME'/.test(textOf(name)));
  assert.equal(asking, ["clock"]);
});

test("no script draws lots: what it does follows from keys, arguments and the clock", () => {
  for (const name of files)
    assert.not.match(codeOf(textOf(name)), /math\.random|os\.|SPOP|SRANDMEMBER/);
});

test.run();
