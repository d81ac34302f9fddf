/**
 * Runs in the reader's browser: the crowd at any moment of the run, by slider, by play, by a click
 * on a chart or on an operation. Plain JavaScript: it is put into report.html as it is.
 */
(() => {
  const { frames } = JSON.parse(document.getElementById("page-data").textContent);
  const lapse = document.getElementById("time-lapse");
  const slider = document.getElementById("moment");
  const play = document.getElementById("play");
  const speed = document.getElementById("speed");
  const clock = document.getElementById("clock");
  const notes = document.getElementById("news");
  const bins = [...lapse.querySelectorAll("[data-group]")];
  const stock = lapse.querySelector("[data-stock]");
  const numbers = new Intl.NumberFormat("en-US");
  const last = frames.groups.away.length - 1;
  const crowd = bins.reduce((sum, bin) => sum + frames.groups[bin.dataset.group][0], 0);
  /** So many dots at most: more could not be told apart. */
  const MAX_DOTS = 600;
  const perDot = Math.max(1, Math.ceil(crowd / MAX_DOTS));
  let at = 0;
  let playing;

  document.getElementById("dot-size").textContent =
    perDot === 1 ? "One dot is one client." : `One dot is ${numbers.format(perDot)} clients.`;

  function drawDots(bin, count) {
    const canvas = bin.querySelector("canvas");
    const { clientWidth: width, clientHeight: height } = canvas;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const ctx = canvas.getContext("2d");
    ctx.scale(ratio, ratio);
    ctx.fillStyle = getComputedStyle(bin).color;
    const all = Math.ceil(crowd / perDot);
    // The pitch at which the whole crowd would just fit into one box.
    let pitch = Math.max(3, Math.floor(Math.sqrt((width * height) / Math.max(1, all))));
    while (pitch > 3 && Math.floor(width / pitch) * Math.floor(height / pitch) < all) pitch -= 1;
    pitch = Math.min(pitch, 14);
    const across = Math.max(1, Math.floor(width / pitch));
    const radius = Math.max(1, pitch * 0.36);
    for (let dot = 0; dot < Math.ceil(count / perDot); dot += 1) {
      const x = (dot % across) * pitch + pitch / 2;
      const y = height - Math.floor(dot / across) * pitch - pitch / 2;
      ctx.beginPath();
      ctx.arc(x, y, radius, 0, 2 * Math.PI);
      ctx.fill();
    }
  }

  function show(frame) {
    at = Math.max(0, Math.min(last, frame));
    const seconds = at * frames.stepSeconds;
    const said = [];
    for (const bin of bins) {
      const count = frames.groups[bin.dataset.group][at];
      bin.querySelector("b").textContent = numbers.format(count);
      if (count > 0) said.push(`${numbers.format(count)} ${bin.dataset.words}`);
      drawDots(bin, count);
    }
    const available = frames.available[at];
    if (available !== null) {
      const taken = Math.max(0, frames.totalStock - available) / Math.max(1, frames.totalStock);
      stock.querySelector("i").style.width = `${Math.min(1, taken) * 100}%`;
      stock.querySelector("span").textContent =
        `${numbers.format(frames.totalStock - available)} of ${numbers.format(frames.totalStock)} ` +
        `seats taken, ${numbers.format(available)} left`;
    } else stock.querySelector("span").textContent = "stock not read yet";
    const news = frames.notes.filter((note) => note.at <= seconds).at(-1);
    notes.textContent = news ? `${news.at.toFixed(1)} s: ${news.text}` : "";
    clock.textContent = `${seconds.toFixed(1)} s`;
    slider.value = String(at);
    slider.setAttribute("aria-valuetext", `${seconds.toFixed(1)} s: ${said.join(", ")}`);
    document.dispatchEvent(new CustomEvent("reservex:at", { detail: seconds }));
  }

  function pause() {
    cancelAnimationFrame(playing);
    playing = undefined;
    play.textContent = "▶ Play";
    play.setAttribute("aria-pressed", "false");
  }

  function start() {
    if (at >= last) at = 0;
    play.textContent = "❚❚ Pause";
    play.setAttribute("aria-pressed", "true");
    let before = performance.now();
    let exact = at;
    const step = (now) => {
      const whole = speed.value === "real" ? last * frames.stepSeconds : Number(speed.value);
      exact += ((now - before) / 1000 / Math.max(0.1, whole)) * last;
      before = now;
      if (Math.floor(exact) !== at) show(Math.floor(exact));
      if (exact >= last) pause();
      else playing = requestAnimationFrame(step);
    };
    playing = requestAnimationFrame(step);
  }

  function goTo(seconds) {
    pause();
    show(Math.round(seconds / frames.stepSeconds));
  }

  /** The recorded moments of operations become buttons that lead there. */
  function linkMoments() {
    for (const cell of document.querySelectorAll("[data-at]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = cell.textContent;
      button.title = "show this moment in the time-lapse";
      button.addEventListener("click", () => {
        goTo(Number(cell.dataset.at) / 1000);
        lapse.scrollIntoView({ block: "start" });
        slider.focus({ preventScroll: true });
      });
      cell.replaceChildren(button);
    }
  }

  lapse.hidden = false;
  slider.max = String(last);
  slider.addEventListener("input", () => {
    pause();
    show(Number(slider.value));
  });
  play.addEventListener("click", () => (playing === undefined ? start() : pause()));
  document.addEventListener("reservex:go", ({ detail }) => goTo(detail));
  new ResizeObserver(() => show(at)).observe(lapse);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show(at));
  linkMoments();
  // It opens at the fullest moment of the line: the picture says something at once.
  const { inLine } = frames.groups;
  show(inLine.indexOf(inLine.reduce((most, value) => Math.max(most, value), 0)));
  document.documentElement.dataset.lapse = "ready";
})();
