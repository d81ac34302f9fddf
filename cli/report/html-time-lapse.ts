/** The time-lapse's place in the page: its parts, still and hidden until the script moves them. */
import { CROWD_GROUPS } from "./course.ts";
import { GROUP_WORDS } from "./page-data.ts";
import type { Report } from "./report.ts";

export function renderTimeLapse(report: Report): string {
  const bins = CROWD_GROUPS.map(
    (group) =>
      `<li class="bin ${group}" data-group="${group}" data-words="${GROUP_WORDS[group]}">` +
      `<span>${GROUP_WORDS[group]}</span><b>0</b><canvas aria-hidden="true"></canvas></li>`,
  );
  const seconds = Math.round(report.durationMs / 1000);
  return `<section id="time-lapse" aria-labelledby="time-lapse-head" hidden>
<h2 id="time-lapse-head">Time-lapse</h2>
<div class="panel">
<div class="controls">
<button type="button" id="play" aria-pressed="false">▶ Play</button>
<input type="range" id="moment" min="0" max="0" value="0" step="1" aria-label="moment of the run">
<output id="clock" for="moment">0.0 s</output>
<label>whole run in <select id="speed"><option value="10">10 s</option>
<option value="20" selected>20 s</option><option value="60">60 s</option>
<option value="real">${seconds} s, as it was</option></select></label>
</div>
<ul class="bins">${bins.join("\n")}</ul>
<p class="stock" data-stock><span></span><i></i></p>
<p class="quiet"><span id="dot-size"></span> Where each client's own answers put it. A click on a
chart of the run's clock leads to its moment. <b id="news"></b></p>
</div>
</section>
<noscript><p class="quiet">The time-lapse and the cursors of the charts need JavaScript; verdicts,
pictures and tables do not.</p></noscript>`;
}
