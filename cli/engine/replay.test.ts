import { test } from "uvu";
import * as assert from "uvu/assert";
import { arrivalTimes } from "./arrivals.ts";
import { parseReplay } from "./replay.ts";

const read = (text: string) => {
  const replay = parseReplay(text);
  return replay.ok ? replay.offsetsMs : `${replay.line}: ${replay.wrong}`;
};

test("arrivals come as CSV or NDJSON, in any order, from any zero", () => {
  assert.equal(read("100\n350.5\n100\n"), [0, 0, 250.5]);
  assert.equal(read("user,offsetMs\r\nana,40\r\nbo,10\r\n"), [0, 30]);
  assert.equal(read('{"offsetMs":7,"path":"/"}\n{"offsetMs":9}'), [0, 2]);
});

test("what is no arrival is refused with its line", () => {
  const said = (text: string) => String(read(text));
  assert.is(said(""), "1: no arrival");
  assert.is(said("1\n2\nsoon\n"), "3: no offset in milliseconds");
  assert.is(said("when,who\n1,ana"), "1: a head without a column offsetMs");
  assert.is(said('{"at":7}'), "1: no offset in milliseconds");
  assert.match(said("1\n1767225600000"), /more than a day apart/);
});

test("replayed clients arrive when they did", () => {
  const plan = { seed: 1, clients: 3, arrivals: "replay", arrivalSeconds: 0 } as const;
  assert.equal([...arrivalTimes({ ...plan, offsetsMs: [0, 5, 900] })], [0, 5, 900]);
});

test.run();
