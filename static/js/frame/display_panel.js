// The panel "Display": histogram, black and white point, gamma, automatic contrast, invert.

import { api } from "../lib/api.js";
import { readNumber, valueText } from "../lib/numbers.js";
import { createHistogramView } from "./histogram_view.js";

const byId = (id) => document.getElementById(id);
const BINS = 512;
const LOW_PX = 860; // on a screen lower than this the list of particles has no room beside the histogram

export function createDisplayPanel(viewer) {
  if (innerHeight < LOW_PX) byId("panel-display").open = false; // at once: later it would be under the user's hands
  const [low, high] = [byId("contrast-low"), byId("contrast-high")];
  const [gamma, gammaText] = [byId("contrast-gamma"), byId("contrast-gamma-value")];
  const [log, full] = [byId("histogram-log"), byId("histogram-full")];
  const histogram = createHistogramView(byId("histogram"), viewer, { isLog: () => log.checked });
  const kept = new Map(); // address -> histogram: a frame's never changes
  let drawing = 0;

  const showHistogram = async () => {
    const url = `${viewer.frame.histogram_url}?bins=${BINS}${full.checked ? "&full=1" : ""}`;
    try {
      if (!kept.has(url)) kept.set(url, await api("GET", url));
    } catch {
      return; // the picture and its contrast work without; the next frame asks again
    }
    if (!url.startsWith(viewer.frame.histogram_url)) return; // the user is on another frame by now
    histogram.show(kept.get(url));
    // Bins reach half a step beyond the values they count.
    const { low: first, high: last } = histogram.range();
    const step = viewer.frame.value_step;
    byId("histogram-low").textContent = valueText(first + step / 2, step);
    byId("histogram-high").textContent = valueText(last - step / 2, step);
  };

  const showContrast = (contrast) => {
    const step = viewer.frame.value_step;
    const show = (input, value) => {
      if (document.activeElement === input && input.dataset.typing) return; // not under the fingers
      input.value = valueText(viewer.frame.is_exact ? Math.round(value) : value, step);
    };
    show(low, contrast.low);
    show(high, contrast.high);
    if (document.activeElement !== gamma) gamma.value = String(Math.log10(contrast.gamma));
    gammaText.textContent = contrast.gamma.toFixed(2);
    gamma.setAttribute("aria-valuetext", contrast.gamma.toFixed(2));
    byId("contrast-invert").setAttribute("aria-pressed", String(contrast.invert));
    // Once a frame, however fast the drag.
    if (!drawing) drawing = requestAnimationFrame(() => ((drawing = 0), histogram.draw()));
  };

  const listenTo = (input, edge) => {
    input.addEventListener("input", () => (input.dataset.typing = "yes"));
    input.addEventListener("change", () => {
      delete input.dataset.typing;
      const value = readNumber(input.value);
      const other = edge === "low" ? viewer.contrast.high : viewer.contrast.low;
      const isLegal = edge === "low" ? value < other : value > other;
      input.setAttribute("aria-invalid", String(!isLegal));
      if (isLegal) viewer.setContrast({ [edge]: value });
      else viewer.announce(edge === "low" ? "Black must be a number below white." : "White must be a number above black.");
    });
    input.addEventListener("blur", () => {
      delete input.dataset.typing;
      input.removeAttribute("aria-invalid");
      showContrast(viewer.contrast);
    });
  };
  listenTo(low, "low");
  listenTo(high, "high");

  const auto = () => viewer.autoContrast(Number(byId("contrast-percent").value));
  gamma.addEventListener("input", () => viewer.setContrast({ gamma: 10 ** Number(gamma.value) }));
  gamma.addEventListener("dblclick", () => viewer.setContrast({ gamma: 1 }));
  byId("contrast-auto").addEventListener("click", auto);
  byId("contrast-percent").addEventListener("change", auto);
  byId("contrast-reset").addEventListener("click", () => viewer.resetContrast());
  byId("contrast-invert").addEventListener("click", () => viewer.setContrast({ invert: !viewer.contrast.invert }));
  log.addEventListener("change", histogram.draw);
  full.addEventListener("change", showHistogram);

  viewer.on("contrast", showContrast);
  viewer.on("frame", showHistogram);
  showContrast(viewer.contrast);
  showHistogram();
}
