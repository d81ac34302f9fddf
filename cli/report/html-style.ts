/** The style sheet of report.html: colours by meaning, light and dark, fit to print. */

export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #16202c; --quiet: #566373; --edge: #d9dfe6;
  --good: #14753a; --good-soft: #e3f5ea; --bad: #b3261e; --bad-soft: #fdeceb;
  --warn: #8a5a00; --warn-soft: #fdf3dc; --main: #1f5fbf; --grid: #e7ebf0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #10151c; --card: #18202a; --ink: #e7edf4; --quiet: #9fadbd; --edge: #2c3845;
    --good: #5fd38d; --good-soft: #14301f; --bad: #ff8a80; --bad-soft: #3a1a18;
    --warn: #f0bf5a; --warn-soft: #362a10; --main: #7db2ff; --grid: #263240;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
main, header { max-width: 76rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2rem; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.1rem; margin: 2.25rem 0 .75rem; }
h3 { font-size: 1rem; margin: 0; }
p { margin: .35rem 0; }
.quiet, .summary, .empty { color: var(--quiet); }
.banner {
  display: flex; gap: .75rem; align-items: baseline; flex-wrap: wrap;
  margin: 1.25rem 0 0; padding: .8rem 1rem; border-radius: .6rem; border: 1px solid;
}
.banner strong { font-size: 1.15rem; }
.valid { --tone: var(--good); --soft: var(--good-soft); }
.broken, .invalid { --tone: var(--bad); --soft: var(--bad-soft); }
.unknown { --tone: var(--warn); --soft: var(--warn-soft); }
.banner { color: var(--tone); border-color: var(--tone); background: var(--soft); }
.cards { display: grid; gap: .9rem; grid-template-columns: repeat(auto-fit, minmax(19rem, 1fr)); }
.card, figure, .panel {
  background: var(--card); border: 1px solid var(--edge); border-radius: .6rem; padding: 1rem;
}
.card { border-left: .3rem solid var(--tone); }
.card > div { display: flex; justify-content: space-between; align-items: center; gap: .5rem; }
.badge {
  color: var(--tone); background: var(--soft); border-radius: 1rem; padding: .1rem .7rem;
  font-weight: 600; font-size: .85rem; white-space: nowrap;
}
.card ul { margin: .6rem 0 0; padding-left: 1.1rem; }
.card li { margin: .25rem 0; overflow-wrap: anywhere; }
.ops { color: var(--quiet); font-size: .85em; }
.charts { display: grid; gap: .9rem; grid-template-columns: repeat(auto-fit, minmax(26rem, 1fr)); }
figure { margin: 0; }
figcaption { font-weight: 600; }
figure svg { width: 100%; height: auto; display: block; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1rem; }
.legend { margin: .3rem 0; padding: 0; }
.legend li { display: flex; align-items: center; gap: .4rem; font-size: .85rem; }
.legend svg { width: 28px; }
.summary { font-size: .88rem; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke: var(--main); }
.line.good { stroke: var(--good); }
.line.warn { stroke: var(--warn); }
.line.limit { stroke: var(--bad); stroke-width: 1.5; }
.area { fill: var(--main); opacity: .12; }
.area.good { fill: var(--good); }
.grid { stroke: var(--grid); stroke-width: 1; fill: none; }
.mark { stroke: var(--warn); stroke-width: 1.5; stroke-dasharray: 3 3; }
.tick, .axis { fill: var(--quiet); font-size: 12px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--quiet); font-size: .88rem; padding-bottom: .4rem; }
th, td { padding: .35rem .7rem; text-align: right; white-space: nowrap; }
th, td { border-bottom: 1px solid var(--edge); }
th:first-child, td:first-child, td.words { text-align: left; }
td.words { white-space: normal; overflow-wrap: anywhere; }
th { font-weight: 600; }
tbody tr:last-child > * { border-bottom: 0; }
.pair { display: grid; gap: .9rem; align-items: start; }
.pair { grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); }
code { font-family: ui-monospace, monospace; }
.below { margin-top: .9rem; }
footer { max-width: 76rem; margin: 2.5rem auto; padding: 0 1.25rem; }
footer { color: var(--quiet); font-size: .88rem; }
@media (max-width: 40rem) { .charts, .pair { grid-template-columns: 1fr; } }
@media print { body { background: none; } .card, figure, .panel { break-inside: avoid; } }
`;
