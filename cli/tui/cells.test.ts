/** Texts take the cells that a terminal gives them. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { cellWidth, clean, padLeft, padRight, truncate, wrap } from "./cells.ts";

test("widths count cells, not characters", () => {
  assert.is(cellWidth("stock"), 5);
  assert.is(cellWidth("█▓▒░▁─ ✔✘ · › – …"), 17);
  assert.is(cellWidth("東京"), 4);
  assert.is(cellWidth("🎫"), 2);
  assert.is(cellWidth("e\u0301te\u0301"), 3, "combining accents take no cell");
});

test("text from outside can neither move the cursor nor break a line", () => {
  assert.is(clean("a\u001b[2Jb\r\n\tc\u0007"), "a[2Jb c");
  assert.is(clean("✔\ufe0f"), "✔");
  assert.is(clean("1\u00a0203 of 1\u202f200"), "1\u00a0203 of 1\u202f200", "narrow blanks stay");
});

test("a text too wide is cut and says so", () => {
  assert.is(truncate("reserve", 7), "reserve");
  assert.is(truncate("reserve", 4), "res…");
  assert.is(truncate("東京ドーム", 4), "東…", "half a wide character is not drawn");
  assert.is(truncate("reserve", 0), "");
});

test("padding gives exactly the width", () => {
  assert.is(padRight("ab", 4), "ab  ");
  assert.is(padLeft("ab", 4), "  ab");
  assert.is(cellWidth(padRight("東京ドーム", 6)), 6);
  assert.is(cellWidth(padLeft("abcdefgh", 3)), 3);
});

test("wrapping breaks between words, cuts long ones, and says when it stops early", () => {
  assert.equal(wrap("one two three", 7, 4), ["one two", "three"]);
  assert.equal(wrap("one two three", 8, 4), ["one two", "three"]);
  assert.equal(wrap("abcdefghij", 4, 4), ["abcd", "efgh", "ij"]);
  assert.equal(wrap("one two three four", 7, 2), ["one two", "three …"]);
  assert.equal(wrap("", 7, 2), []);
  assert.equal(wrap("anything", 0, 2), []);
});

test.run();
