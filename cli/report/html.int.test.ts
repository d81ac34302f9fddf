/** report.html in a real browser: drawn, quiet, alone, moving; skipped where there is no Chromium. */
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { judgeRun } from "../judge/judge.ts";
import { renderHtml } from "./html.ts";
import { buildReport } from "./report.ts";
import { busyRun } from "./testing/busy-run.ts";

const EVIL = `</script><script>document.title="taken"</script><img src=x onerror=alert(1)>`;
const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const executablePath = PLACES.find((path) => existsSync(path));
const test = suite("report.html in Chromium");

interface Seen {
  readonly page: Page;
  /** Errors of the console and of scripts. */
  readonly wrong: string[];
  /** Whatever was asked for besides the file itself. */
  readonly requests: string[];
}

let folder = "";
let url = "";
let browser: Browser;

test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), "reservex-report-"));
  const { history, ledger } = busyRun({
    ...{ clients: 400, stock: 300, permitsPerMinute: 300, oversold: 3 },
    productName: EVIL,
  });
  const path = join(folder, "report.html");
  await writeFile(path, renderHtml(buildReport(history, ledger, judgeRun(history, ledger))));
  url = pathToFileURL(path).href;
  const flags = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
  ];
  browser = await chromium.launch({ executablePath: executablePath!, args: flags });
});

test.after(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

async function open(options: BrowserContextOptions = {}): Promise<Seen> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const wrong: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") wrong.push(message.text());
  });
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("request", (request) => {
    if (request.url() !== url) requests.push(request.url());
  });
  await page.goto(url);
  return { page, wrong, requests };
}

/** Runs in the page: for each canvas, how many pixels are not blank. */
const INK = `[...document.querySelectorAll(".plot canvas")].map((canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let ink = 0;
  for (let at = 3; at < data.length; at += 4) if (data[at] > 0) ink += 1;
  return ink;
})`;

test("every chart is drawn, nothing complains, nothing is asked for, in both colour schemes", async () => {
  for (const colorScheme of ["light", "dark"] as const) {
    const { page, wrong, requests } = await open({ colorScheme });
    await page.waitForSelector('html[data-lapse="ready"]');
    const ink = (await page.evaluate(INK)) as number[];
    assert.ok(ink.length >= 10, `${ink.length} charts`);
    for (const pixels of ink) assert.ok(pixels > 1_000, ink.join(" "));
    assert.equal([wrong, requests], [[], []]);
    const picture = await page.screenshot({ fullPage: true });
    assert.ok(picture.length > 50_000, `${picture.length} bytes of picture`);
    await page.context().close();
  }
});

test("the slider leads through the run, by keyboard too", async () => {
  const { page } = await open();
  await page.waitForSelector('html[data-lapse="ready"]');
  const slider = page.locator("#moment");
  const inGroup = async (group: string) => page.locator(`[data-group="${group}"] b`).innerText();
  await slider.focus();
  await page.keyboard.press("Home");
  assert.is(await page.locator("#clock").innerText(), "0.0 s");
  assert.is(await inGroup("confirmed"), "0");
  assert.is(await inGroup("away"), "400");
  await page.keyboard.press("End");
  assert.ok(Number(await inGroup("confirmed")) > 200);
  assert.match(String(await slider.getAttribute("aria-valuetext")), /confirmed/);
  await page.keyboard.press("ArrowLeft");
  assert.not.match(
    await page.locator(".needle").first().evaluate("(it) => it.style.transform"),
    /^$/,
  );
  await page.context().close();
});

test("an operation's moment is a button that leads there; play runs and pauses", async () => {
  const { page } = await open();
  await page.waitForSelector('html[data-lapse="ready"]');
  await page.locator("details summary").first().click();
  const moment = page.locator("td[data-at] button").first();
  const seconds = Number.parseFloat(await moment.innerText());
  await moment.click();
  const shown = Number.parseFloat(await page.locator("#clock").innerText());
  assert.ok(Math.abs(shown - seconds) < 0.5, `${shown} for ${seconds}`);
  await page.locator("#play").click();
  await page.locator(`#clock:not(:text-is("${shown.toFixed(1)} s"))`).waitFor();
  await page.locator("#play").click();
  assert.match(await page.locator("#play").innerText(), "Play");
  await page.context().close();
});

test("without JavaScript the verdicts, pictures and operations are there", async () => {
  const { page, wrong } = await open({ javaScriptEnabled: false });
  assert.ok((await page.locator(".card.broken").count()) > 0);
  assert.ok(await page.locator("figure svg").first().isVisible());
  assert.not.ok(await page.locator("#time-lapse").isVisible());
  await page.locator("details summary").first().click();
  assert.ok(await page.locator("details table").first().isVisible());
  assert.equal(wrong, []);
  await page.context().close();
});

test("text of the record is shown, and never run", async () => {
  const { page } = await open();
  assert.match(await page.title(), "ReserveX run");
  assert.is(await page.locator("img").count(), 0);
  assert.match(await page.locator("body").innerText(), EVIL);
  await page.context().close();
});

test("a telephone scrolls downwards only", async () => {
  const { page } = await open({ viewport: { width: 390, height: 844 } });
  await page.waitForSelector('html[data-lapse="ready"]');
  const width = await page.evaluate("document.documentElement.scrollWidth");
  assert.ok(Number(width) <= 390, `${width} px wide`);
  await page.context().close();
});

if (executablePath === undefined) {
  process.stderr.write(
    `skipped: none of ${PLACES.join(", ")} is here (apt-get install chromium)\n`,
  );
} else test.run();
