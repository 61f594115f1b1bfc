// The histogram of the whole frame at full depth, with the black and the white point to drag on it.

import { valueText } from "../lib/numbers.js";

const STEP_SHARE = 0.005; // of the shown range, per arrow key
const BIG_STEP = 10; // times that, with Shift or Page

export function createHistogramView(root, viewer, { isLog }) {
  const canvas = root.querySelector("canvas");
  const handles = Object.fromEntries([...root.querySelectorAll(".handle")].map((el) => [el.dataset.edge, el]));
  let histogram = null; // {low, bin_width, counts}

  const range = () => {
    if (!histogram) return { low: viewer.frame.value_min, high: viewer.frame.value_max };
    return { low: histogram.low, high: histogram.low + histogram.bin_width * histogram.counts.length };
  };
  const shareOf = (value) => {
    const { low, high } = range();
    return high > low ? (value - low) / (high - low) : 0;
  };
  const inside = (share) => Math.min(1, Math.max(0, share));

  const drawBars = (ctx, width, height, color) => {
    const height01 = isLog() ? (n) => Math.log1p(n) : (n) => n;
    const { counts } = histogram;
    // One column of pixels shows the highest of its bins, so that a narrow peak is never lost.
    const columns = new Float64Array(width);
    for (let x = 0; x < width; x++) {
      const first = Math.floor((x * counts.length) / width);
      const last = Math.max(first + 1, Math.ceil(((x + 1) * counts.length) / width));
      for (let i = first; i < last && i < counts.length; i++) columns[x] = Math.max(columns[x], counts[i]);
    }
    // A saturated spike at either end must not flatten the rest: scaled to the highest inner column.
    const highest = Math.max(...columns.subarray(1, -1), 1);
    ctx.fillStyle = color;
    columns.forEach((n, x) => {
      const bar = Math.min(1, height01(n) / height01(highest)) * (height - 2);
      if (n > 0) ctx.fillRect(x, height - Math.max(1, bar), 1, Math.max(1, bar));
    });
  };

  // The tone curve: what grey a value gets.
  const drawCurve = (ctx, width, height, color) => {
    const { low, high, gamma, invert } = viewer.contrast;
    const shown = range();
    ctx.strokeStyle = color;
    ctx.lineWidth = Math.max(1.5, devicePixelRatio);
    ctx.beginPath();
    for (let x = 0; x <= width; x += 2) {
      const value = shown.low + (x / width) * (shown.high - shown.low);
      const grey = inside((value - low) / (high - low)) ** (1 / gamma);
      ctx.lineTo(x, 1 + (height - 2) * (invert ? grey : 1 - grey));
    }
    ctx.stroke();
  };

  const draw = () => {
    const box = canvas.getBoundingClientRect();
    if (!box.width || !viewer.contrast) return;
    const [width, height] = [box.width, box.height].map((px) => Math.round(px * devicePixelRatio));
    Object.assign(canvas, { width, height });
    const ctx = canvas.getContext("2d");
    const style = getComputedStyle(root);
    if (histogram) drawBars(ctx, width, height, style.getPropertyValue("--text-muted"));
    drawCurve(ctx, width, height, style.getPropertyValue("--accent"));
    for (const [edge, handle] of Object.entries(handles)) {
      const value = viewer.contrast[edge];
      handle.style.left = `${100 * inside(shareOf(value))}%`;
      handle.classList.toggle("is-outside", shareOf(value) < -0.001 || shareOf(value) > 1.001);
      handle.setAttribute("aria-valuemin", String(viewer.frame.value_min));
      handle.setAttribute("aria-valuemax", String(viewer.frame.value_max));
      handle.setAttribute("aria-valuenow", String(value));
      handle.setAttribute("aria-valuetext", valueText(value, viewer.frame.value_step));
    }
  };

  const setEdge = (edge, value) => {
    const { low, high } = viewer.contrast;
    const step = viewer.frame.value_step;
    // An edge stops at the other one instead of trading places with it.
    viewer.setContrast(edge === "low" ? { low: Math.min(value, high - step) } : { high: Math.max(value, low + step) });
  };

  const valueAt = (clientX) => {
    const box = canvas.getBoundingClientRect();
    const { low, high } = range();
    return low + ((clientX - box.left) / box.width) * (high - low);
  };

  root.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const near = (edge) => Math.abs(shareOf(viewer.contrast[edge]) - shareOf(valueAt(event.clientX)));
    const edge = event.target.dataset.edge ?? (near("low") <= near("high") ? "low" : "high");
    handles[edge].focus();
    event.preventDefault();
    root.setPointerCapture(event.pointerId);
    setEdge(edge, valueAt(event.clientX));
    const move = (moved) => setEdge(edge, valueAt(moved.clientX));
    root.addEventListener("pointermove", move);
    root.addEventListener("lostpointercapture", () => root.removeEventListener("pointermove", move), { once: true });
  });

  for (const [edge, handle] of Object.entries(handles)) {
    handle.addEventListener("keydown", (event) => {
      const { low, high } = range();
      const isBig = event.shiftKey || event.key.startsWith("Page");
      const step = (high - low) * STEP_SHARE * (isBig ? BIG_STEP : 1);
      const by = { ArrowLeft: -1, ArrowDown: -1, PageDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: 1 }[event.key];
      if (by) setEdge(edge, viewer.contrast[edge] + by * step);
      else if (event.key === "Home") setEdge(edge, viewer.frame.value_min);
      else if (event.key === "End") setEdge(edge, viewer.frame.value_max);
      else return;
      event.preventDefault();
    });
  }

  new ResizeObserver(draw).observe(canvas);
  document.documentElement.addEventListener("themechange", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  return {
    draw,
    range,
    show(newHistogram) {
      histogram = newHistogram;
      draw();
    },
  };
}
