import { download } from "../charts/download.js";
import { drawAll } from "../charts/draw.js";
import { autoSubmit } from "../lib/auto_submit.js";
import { pageData } from "../lib/page_data.js";

const FILENAME = "size-distribution";

// A bar leads to its particles. The click is taken anywhere above it, since short bars are hard to hit.
function linkBars(place, links) {
  place.on("plotly_click", ({ points }) => {
    const bar = points.find((point) => point.curveNumber === 0);
    if (bar) location.assign(links[bar.pointIndex]);
  });
}

function offerDownloads({ figures, templates }) {
  const figure = document.getElementById("size");
  const buttons = figure.querySelector("[data-downloads]");
  buttons.hidden = false;
  buttons.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const caption = figure.querySelector("figcaption").textContent;
    download(figures.size, templates.light, caption, button.value, FILENAME);
  });
}

autoSubmit();
if (document.getElementById("page-data")) {
  const charts = pageData();
  await drawAll(charts, (place, name) => {
    if (name === "size") linkBars(place, charts.figures.size.links);
  });
  offerDownloads(charts);
  document.body.dataset.drawn = "true";
}
