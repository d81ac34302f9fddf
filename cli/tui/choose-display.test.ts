/** A run shows itself where someone can see it, and nowhere else. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { chooseDisplay, type DisplayFacts } from "./choose-display.ts";

const terminal: DisplayFacts = {
  isTTY: true,
  json: false,
  quiet: false,
  term: "xterm-256color",
  columns: 100,
};

test("a terminal gets the dashboard, also beside JSON", () => {
  assert.equal(chooseDisplay(terminal), { display: "dashboard", color: true });
  assert.equal(chooseDisplay({ ...terminal, json: true }), { display: "dashboard", color: true });
  assert.is(chooseDisplay({ ...terminal, columns: undefined }).display, "dashboard");
});

test("a pipe gets plain lines, but none beside JSON", () => {
  assert.equal(chooseDisplay({ ...terminal, isTTY: false }), { display: "plain", color: false });
  assert.is(chooseDisplay({ ...terminal, isTTY: false, json: true }).display, "none");
});

test("quiet is quiet everywhere", () => {
  assert.equal(chooseDisplay({ ...terminal, quiet: true }), { display: "none", color: false });
});

test("NO_COLOR takes the colour away unless it is empty", () => {
  assert.equal(chooseDisplay({ ...terminal, noColor: "1" }), {
    display: "dashboard",
    color: false,
  });
  assert.is(chooseDisplay({ ...terminal, noColor: "0" }).color, false);
  assert.is(chooseDisplay({ ...terminal, noColor: "" }).color, true);
});

test("terminals that cannot carry a dashboard get plain lines", () => {
  assert.equal(chooseDisplay({ ...terminal, term: "dumb" }), { display: "plain", color: false });
  assert.is(chooseDisplay({ ...terminal, columns: 39 }).display, "plain");
  assert.is(chooseDisplay({ ...terminal, columns: 40 }).display, "dashboard");
  assert.is(chooseDisplay({ ...terminal, ci: "true" }).display, "plain");
  assert.is(chooseDisplay({ ...terminal, ci: "false" }).display, "dashboard");
  assert.is(chooseDisplay({ ...terminal, ci: "" }).display, "dashboard");
});

test.run();
