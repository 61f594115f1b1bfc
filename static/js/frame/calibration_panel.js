// The panel "Calibration" and the banner: what is in force, or why there is none, and the scale bar's form.

import { api } from "../lib/api.js";
import { readNumber, shortest, withDigits } from "../lib/numbers.js";
import { toast } from "../lib/toast.js";
import { createCalibrateTool, lineLength } from "./calibrate_tool.js";

const byId = (id) => document.getElementById(id);
const CHIPS = {
  adopted: ["", "ok"],
  none: ["none", "warning"],
  withdrawn: ["pixels only", "warning"],
  conflict: ["conflict", "danger"],
  unsizeable: ["no image scale", "warning"],
};
const BAR_STATES = new Set(["none", "conflict", "withdrawn"]); // where the scale bar is the way out

export function createCalibrationPanel(viewer) {
  const form = byId("bar-form");
  let returnTo = null; // the tool in use before the scale bar's

  const show = (frame) => {
    const { calibration, calibration_state: state, calibration_reason: reason } = frame;
    const [word, kind] = CHIPS[state];
    const chip = byId("calibration-chip");
    chip.className = `chip ${kind}`;
    chip.textContent = word || sizeText(calibration);
    byId("calibration-reason").textContent = reason;
    byId("calibration-reason").hidden = !reason;
    byId("calibration-facts").hidden = !calibration;
    if (calibration) {
      const u = calibration.relative_uncertainty;
      byId("calibration-size").textContent = sizeText(calibration);
      byId("calibration-uncertainty").textContent = u === null ? "not known" : `± ${withDigits(100 * u, 2)} % (1 σ)`;
      const author = calibration.author ? ` by ${calibration.author}` : "";
      byId("calibration-source").textContent = `${calibration.source_label}${author}. ${calibration.detail}`;
    }
    const banner = byId("calibration-banner");
    banner.hidden = state === "adopted";
    banner.classList.toggle("error", state === "conflict");
    banner.classList.toggle("warning", state !== "conflict");
    banner.querySelector("[data-reason]").textContent = reason;
    for (const id of ["banner-calibrate", "bar-start"]) {
      if (byId(id)) byId(id).hidden = id === "banner-calibrate" ? !BAR_STATES.has(state) : state === "unsizeable";
    }
  };
  viewer.on("calibration", show);
  show(viewer.frame);
  if (!form) return; // who may only look has no form

  const result = byId("bar-result");
  const error = byId("bar-error");
  const fail = (sentence) => {
    error.textContent = sentence;
    error.hidden = !sentence;
  };

  const reading = () => {
    const length_px = readNumber(form.elements.px.value);
    const length_nm = readNumber(form.elements.bar_length.value) * Number(form.elements.unit.value);
    return { length_px, length_nm, isComplete: length_px > 0 && length_nm > 0 };
  };
  const showResult = () => {
    const { length_px, length_nm, isComplete } = reading();
    result.textContent = isComplete ? `= ${withDigits(length_nm / length_px, 5)} nm/px` : "";
    fail("");
  };

  const { tool, clear } = createCalibrateTool(viewer, {
    onLine(line) {
      form.elements.px.value = line ? lineLength(line).toFixed(1) : "";
      showResult();
    },
    onCancel: () => close(),
  });

  const open = () => {
    byId("panel-calibration").open = true;
    form.hidden = false;
    byId("bar-start").hidden = true;
    returnTo = viewer.tool === tool ? returnTo : viewer.tool;
    viewer.setTool(tool);
    form.scrollIntoView({ block: "nearest" });
    form.elements.px.focus();
    viewer.announce("Draw a line along the scale bar, or type its length in pixels.");
  };

  function close() {
    if (form.hidden) return;
    form.hidden = true;
    form.reset();
    byId("bar-start").hidden = false;
    fail("");
    clear();
    if (viewer.tool === tool) viewer.setTool(returnTo ?? viewer.handTool);
  }

  form.addEventListener("input", showResult);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { length_px, length_nm, isComplete } = reading();
    if (!isComplete) {
      fail("Draw the line and type the bar's length as a number above zero.");
      return;
    }
    const { frame } = viewer;
    const body = { kind: "scale_bar", length_px, length_nm };
    // An end can be placed to about half a screen pixel, and never better than half an image pixel.
    body.end_half_width_px = Math.max(0.5, 0.5 / viewer.viewport.state.scale);
    if (form.elements.one_frame?.checked) body.frame = frame.id;
    const button = form.querySelector("[type=submit]");
    button.disabled = true;
    try {
      await api("POST", frame.calibrations_url, body);
      const now = await api("GET", `/api/v1/frames/${frame.id}/`);
      if (viewer.frame.id === frame.id) {
        const { calibration, calibration_state, calibration_reason } = now;
        close();
        viewer.setCalibration({ calibration, calibration_state, calibration_reason });
        viewer.canvas.focus({ preventScroll: true });
        toast(`Calibrated: ${sizeText(calibration)}. Sizes are measured anew.`);
      }
    } catch (failure) {
      fail(Object.values(failure.errors ?? {}).flat()[0] ?? failure.message);
    } finally {
      button.disabled = false;
    }
  });
  byId("bar-cancel").addEventListener("click", close);
  byId("bar-start").addEventListener("click", open);
  byId("banner-calibrate").addEventListener("click", open);
  form.addEventListener("keydown", (event) => event.key === "Escape" && close());
  viewer.shortcuts.add({ group: "Tools", keys: ["k"], label: "Calibrate by the scale bar", when: () => !byId("bar-start").hidden, run: open });
  viewer.shortcuts.add({ keys: ["Escape"], when: () => viewer.tool === tool, run: close });
}

export function sizeText(calibration) {
  const { pixel_size_x_nm: x, pixel_size_y_nm: y } = calibration;
  return x === y ? `${shortest(x, 5)} nm/px` : `${shortest(x, 5)} × ${shortest(y, 5)} nm/px`;
}
