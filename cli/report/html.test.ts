/** report.html: self-contained, escaped, well-formed, whatever the run was. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { judgeRun } from "../judge/judge.ts";
import { BooksBuilder, RunBuilder } from "../judge/testing.ts";
import { renderHtml } from "./html.ts";
import { buildReport } from "./report.ts";

const EVIL = `<script>alert("1")</script>&'`;

function page(): string {
  const products = [{ id: 1, name: EVIL, priceCents: 5000, totalStock: 10, maxPerUser: 4 }];
  const run = new RunBuilder({ permitsPerMinute: 1, pacing: "burst", products });
  run.join(0, 0);
  run.join(1, 20);
  run.pass(0, 1000, "pass_0", 500);
  run.pass(1, 1200, "pass_1", 700);
  run.reserve(0, 1300, { pass: EVIL, attack: "forged-pass", reservationId: 1 });
  run.reserve(1, 1400, { outcome: "fail", code: EVIL, key: "x" });
  run.stock(0, 10, 0);
  run.stock(2000, 9, 1);
  run.note(1500, EVIL);
  const history = run.history();
  const ledger = new BooksBuilder(run.sale).book(1).ledger();
  return renderHtml(buildReport(history, ledger, judgeRun(history, ledger)));
}

/** Every tag that opens must close, in order; void elements aside. */
function assertBalanced(html: string): void {
  const open: string[] = [];
  const voids = new Set(["meta", "!doctype", "input"]);
  for (const [, slash, name = "", rest = ""] of markupOf(html).matchAll(
    /<(\/?)([!a-z0-9]+)([^>]*)>/gi,
  )) {
    if (voids.has(name) || rest.endsWith("/")) continue;
    if (slash === "/") assert.is(open.pop(), name);
    else open.push(name);
  }
  assert.equal(open, []);
}

/** The page without its scripts and style sheet, whose text is our own. */
function markupOf(html: string): string {
  return html
    .replace(/<script[^>]*>[\s\S]*?<\/script>/g, "")
    .replace(/<style>[\s\S]*?<\/style>/g, "")
    .replace(/<meta http-equiv[^>]*>/, "");
}

test("nothing that came from outside is markup", () => {
  const html = page();
  const scripts = html.match(/<script/g)?.length;
  assert.is(scripts, 4, "the data, the chart library, and two of our own");
  assert.not.match(markupOf(html), "<script");
  assert.match(html, "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;");
});

test("the page asks the network for nothing", () => {
  const html = page();
  assert.not.match(markupOf(html), /\bsrc=|\bhref="[^#]|url\(|<link|<iframe/);
  assert.not.match(html, /url\(|@import/);
  assert.match(html, "default-src 'none'");
  assert.not.match(html, /script-src[^;]*unsafe/);
});

test("the page is well-formed, and each chart is named for those who do not see it", () => {
  const html = page();
  assertBalanced(html);
  const ids = [...markupOf(html).matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  assert.is(new Set(ids).size, ids.length, "ids are unique");
  for (const [, names = ""] of html.matchAll(/aria-labelledby="([^"]+)"/g)) {
    for (const name of names.split(" ")) assert.ok(ids.includes(name), name);
  }
  assert.not.match(markupOf(html), /NaN|Infinity|undefined/);
});

test("the verdicts come first, with their witnesses", () => {
  const html = page();
  assert.ok(html.indexOf("Verdicts") < html.indexOf("The course of the run"));
  assert.match(html, "✗ broken");
  assert.match(html, "client 1 admitted at 0.200 s, 2nd in the window");
  assert.match(html, "A promise was broken. Exit code 1.");
});

test("an empty run is a page too", () => {
  const history = new RunBuilder().cutOff();
  const html = renderHtml(buildReport(history, undefined, judgeRun(history, undefined)));
  assertBalanced(html);
  assert.match(html, "Nothing was recorded.");
  assert.not.match(markupOf(html), /NaN|Infinity|undefined/);
});

test("each broken promise shows the operations that break it, as recorded", () => {
  const html = page();
  assert.match(html, /<details><summary class="ops">operations? [\d, ]+<\/summary>/);
  assert.match(html, /<td data-at="1200">1\.200 s<\/td>/);
  assert.match(html, "pass pass_1");
});

test.run();
