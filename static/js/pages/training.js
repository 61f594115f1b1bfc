// A training's run: curves and pictures that grow as it goes on. What the server renders pages/runs.js keeps fresh.
import { themeNow, withTemplate } from "../charts/draw.js";
import { pageData } from "../lib/page_data.js";

const PAUSE_MS = 1000; // between two questions
const CONFIG = { displayModeBar: false, displaylogo: false, responsive: true, plotlyServerURL: "" };

const data = pageData("page-data");
const charts = document.getElementById("run-charts");
const samples = document.getElementById("run-samples");
const slider = samples.querySelector("input[type=range]");
let last = null; // what the server told last
let isAtEnd = true; // the slider follows what is new until somebody moves it back

async function draw() {
  for (const place of charts.querySelectorAll("[data-figure]")) {
    const { data: traces, layout } = withTemplate(last.figures[place.dataset.figure], last.templates[themeNow()]);
    await Plotly.react(place, traces, { ...layout, autosize: true }, CONFIG);
    place.firstElementChild?.setAttribute("aria-hidden", "true");
  }
  charts.dataset.drawn = "true";
}

function picture({ name, url }, step) {
  const figure = document.createElement("figure");
  const image = document.createElement("img");
  const caption = document.createElement("figcaption");
  image.src = url;
  image.alt = `${name} at step ${step}`;
  caption.textContent = `${name}, step ${step.toLocaleString("en")}`;
  figure.append(image, caption);
  return figure;
}

function show() {
  const some = last.samples[slider.valueAsNumber];
  if (!some) return;
  samples.querySelector("[data-step]").textContent = some.step.toLocaleString("en");
  slider.setAttribute("aria-valuetext", `Step ${some.step}`);
  samples.querySelector("[data-pictures]").replaceChildren(...some.pictures.map((one) => picture(one, some.step)));
}

function slide() {
  const n = last.samples.length;
  const before = slider.valueAsNumber;
  slider.max = Math.max(n - 1, 0);
  samples.querySelector("[data-slider]").hidden = n < 2;
  if (isAtEnd) slider.value = slider.max;
  if (slider.valueAsNumber !== before || !samples.dataset.shown) show();
  if (n) samples.dataset.shown = "true";
}

slider.addEventListener("input", () => {
  isAtEnd = slider.value === slider.max;
  show();
});
document.documentElement.addEventListener("themechange", () => last && draw());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => last && draw());

let isBusy = false;
let isWanted = false;
async function refresh() {
  isWanted = true;
  if (isBusy) return;
  isBusy = true;
  while (isWanted) {
    isWanted = false;
    try {
      const response = await fetch(charts.dataset.curves, { credentials: "same-origin" });
      if (!response.ok) break;
      last = await response.json();
      await draw();
      slide();
    } catch {
      // The feed asks again as soon as it is back.
    }
    await new Promise((done) => setTimeout(done, PAUSE_MS));
  }
  isBusy = false;
}

// Without a message some may have been missed.
document.addEventListener("feed", ({ detail }) => {
  const isMine = detail?.type === "progress" ? detail.run === data.run : detail?.type === "run" && detail.id === data.run;
  if (!detail || isMine) refresh();
});
refresh();
