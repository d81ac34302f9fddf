/** The style sheet of report.html: colours by meaning, light and dark, fit to print. */

export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #16202c; --quiet: #566373; --edge: #d9dfe6;
  --good: #14753a; --good-soft: #e3f5ea; --bad: #b3261e; --bad-soft: #fdeceb;
  --warn: #8a5a00; --warn-soft: #fdf3dc; --main: #1f5fbf; --grid: #e7ebf0; --other: #7a3fb0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #10151c; --card: #18202a; --ink: #e7edf4; --quiet: #9fadbd; --edge: #2c3845;
    --good: #5fd38d; --good-soft: #14301f; --bad: #ff8a80; --bad-soft: #3a1a18;
    --warn: #f0bf5a; --warn-soft: #362a10; --main: #7db2ff; --grid: #263240; --other: #c79bff;
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
.card.broken, .card.invalid { grid-column: 1 / -1; }
.card > div:first-child { display: flex; justify-content: space-between; align-items: center; gap: .5rem; }
.badge {
  color: var(--tone); background: var(--soft); border-radius: 1rem; padding: .1rem .7rem;
  font-weight: 600; font-size: .85rem; white-space: nowrap;
}
.card ul { margin: .6rem 0 0; padding-left: 1.1rem; }
.card li { margin: .25rem 0; overflow-wrap: anywhere; }
.ops { color: var(--quiet); font-size: .85em; }
.charts { display: grid; gap: .9rem; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); }
figure { margin: 0; min-width: 0; }
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
.line.other { stroke: var(--other); }
.area { fill: var(--main); opacity: .12; }
.area.good { fill: var(--good); }
.grid { stroke: var(--grid); stroke-width: 1; fill: none; }
.mark { stroke: var(--warn); stroke-width: 1.5; stroke-dasharray: 3 3; }
.tick, .axis { fill: var(--quiet); font-size: 12px; }
.figures { display: flex; flex-wrap: wrap; gap: .4rem 2.2rem; margin: 1.1rem 0 0; }
.figures div { display: flex; flex-direction: column-reverse; }
.figures dt { color: var(--quiet); font-size: .85rem; }
.figures dd { margin: 0; font-size: 1.3rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--quiet); font-size: .88rem; padding-bottom: .4rem; }
th, td { padding: .35rem .7rem; text-align: right; white-space: nowrap; }
th, td { border-bottom: 1px solid var(--edge); }
th:first-child, td:first-child, td.words { text-align: left; }
td.words { white-space: normal; overflow-wrap: anywhere; }
th { font-weight: 600; }
.pair th[scope="row"] { white-space: normal; overflow-wrap: anywhere; min-width: 6rem; }
.card, .panel, .bin { min-width: 0; }
.card p, .banner, h1 { overflow-wrap: anywhere; }
tbody tr:last-child > * { border-bottom: 0; }
.pair { display: grid; gap: .9rem; align-items: start; }
.pair { grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); }
code { font-family: ui-monospace, monospace; }
.below { margin-top: .9rem; }
footer { max-width: 76rem; margin: 2.5rem auto; padding: 0 1.25rem; }
footer { color: var(--quiet); font-size: .88rem; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 1rem; padding: .4rem .8rem; background: var(--card); }
:focus-visible { outline: 3px solid var(--main); outline-offset: 2px; }
details { margin-top: .25rem; }
summary { cursor: pointer; }
table.small td.words { min-width: 7rem; }
table.small td:last-child { min-width: 16rem; }
table.small { font-size: .85rem; margin-top: .4rem; }
table.small th, table.small td { padding: .2rem .5rem; }
td button, .controls button {
  font: inherit; color: var(--main); background: none; border: 1px solid var(--edge);
  border-radius: .35rem; padding: 0 .5rem; cursor: pointer;
}
.controls button { padding: .25rem .9rem; min-width: 6.5rem; font-weight: 600; }
.controls { display: flex; flex-wrap: wrap; gap: .6rem 1rem; align-items: center; }
.controls input { flex: 1 1 16rem; accent-color: var(--main); }
.controls output { min-width: 4.5rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.controls select { font: inherit; color: inherit; background: var(--card); }
.bins {
  list-style: none; margin: 1rem 0; padding: 0; display: grid; gap: .6rem;
  grid-template-columns: repeat(7, minmax(6.5rem, 1fr));
}
.bin { border-bottom: 3px solid currentColor; display: flex; flex-direction: column; }
.bin span { color: var(--quiet); font-size: .85rem; }
.bin b { font-size: 1.25rem; font-variant-numeric: tabular-nums; }
.bin canvas { width: 100%; height: 9rem; display: block; }
.away { color: var(--quiet); } .inLine { color: var(--main); } .withPass { color: var(--warn); }
.booked { color: var(--other); } .confirmed { color: var(--good); } .cancelled { color: var(--bad); }
.gone { color: var(--quiet); }
.stock { position: relative; border: 1px solid var(--edge); border-radius: .4rem; }
.stock { overflow: hidden; padding: .2rem .7rem; }
.stock span { position: relative; z-index: 1; font-size: .88rem; }
.stock i { position: absolute; inset: 0 auto 0 0; background: var(--main); opacity: .22; }
.outcomes h3 { margin-top: .6rem; }
.bar { display: flex; height: 1.1rem; border-radius: .35rem; overflow: hidden; margin-top: .3rem; }
.bar i { min-width: 3px; } .legend i { width: .8rem; height: .8rem; border-radius: .2rem; }
i.good { background: var(--good); } i.other { background: var(--other); }
i.warn { background: var(--warn); }
.live .still { display: none; }
.plot { min-height: 17rem; min-width: 0; }
.plot .u-legend { font-size: .82rem; text-align: left; margin: 0; width: auto; }
.plot .u-legend th, .plot .u-legend td { border: 0; padding: 0 .15rem; white-space: nowrap; }
.plot .u-legend .u-value { min-width: 3.2rem; display: inline-block; }
.plot .u-legend tr { margin-right: .6rem; }
.plot .u-select { background: var(--main); opacity: .15; }
.plot .u-cursor-x, .plot .u-cursor-y { border-color: var(--quiet); }
.needle { position: absolute; top: 0; bottom: 0; left: -1px; width: 2px; background: var(--bad); }
.needle { pointer-events: none; }
@media (max-width: 60rem) { .bins { grid-template-columns: repeat(4, 1fr); } }
@media (max-width: 40rem) { .cards, .charts, .pair { grid-template-columns: minmax(0, 1fr); } .bins { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
@media print { body { background: none; } .card, figure, .panel { break-inside: avoid; } }
`;
