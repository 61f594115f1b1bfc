// The side panel's part on suggestions: find them, see them from a confidence on, accept and reject.

import { el, icon, setDisabled } from "./dom.js";
import { createRunButton } from "./run_button.js";

const PAUSE_MS = 60;

export function createSuggestionsPanel(editor) {
  const { suggestions } = editor;
  const panel = document.getElementById("panel-suggestions");
  panel.hidden = false;
  const run = createRunButton(editor);
  const choice = el("select", { id: "suggestion-layer", "aria-label": "Suggestions of which run" });
  const slider = el("input", { type: "range", id: "confidence", min: "0", max: "1", step: "0.01", value: "0", "aria-describedby": "confidence-count" });
  const value = el("output", { class: "number", for: "confidence" }, "0.00");
  const count = el("p", { class: "small muted", id: "confidence-count", role: "status" });
  const button = (words, name, key, onclick, id) =>
    el("button", { class: "button small", type: "button", id, title: key ? `${words} ( ${key} )` : words, onclick }, icon(name), el("span", {}, words));
  const accept = button("Accept", "check", "y", () => suggestions.decideOne("accepted"), "accept");
  const reject = button("Reject", "x", "n", () => suggestions.decideOne("rejected"), "reject");
  const next = button("Next", "skip-forward", "j", () => {
    suggestions.select(suggestions.next());
    if (suggestions.selected) editor.reveal(suggestions.store.get(suggestions.selected));
  }, "next-suggestion");
  const acceptAll = button("Accept all shown", "check-check", "", () => suggestions.acceptShown(), "accept-all");
  const rejectAll = button("Reject all below", "ban", "", () => suggestions.rejectBelow(), "reject-below");
  const order = el("select", { id: "suggestion-order", "aria-label": "Order of suggestions" },
    el("option", { value: "place" }, "by place"), el("option", { value: "uncertainty" }, "least certain first"));
  const eye = el("button", { class: "button quiet small icon-only", type: "button", "aria-label": "Show suggestions", title: "Show or hide ( s )" }, icon("eye"));

  const one = el("div", { class: "button-row" }, accept, reject, next);
  const all = el("div", { class: "button-row" }, acceptAll, rejectAll);
  const body = el("div", { class: "suggestions-body" },
    choice,
    el("div", { class: "confidence-row" }, el("label", { for: "confidence" }, "Confidence ≥"), slider, value),
    el("div", { class: "count-row" }, count, order), ...(editor.mayEdit ? [one, all] : []));
  panel.append(el("div", { class: "panel-head" }, el("h2", { class: "panel-title" }, "Suggestions"), eye), run.element, body);

  slider.addEventListener("input", () => suggestions.setThreshold(Number(slider.value)));
  choice.addEventListener("change", () => {
    const layer = suggestions.layers.find(({ id }) => id === Number(choice.value));
    suggestions.choose(layer).catch((error) => editor.emit("unloaded", error));
  });
  order.addEventListener("change", () => suggestions.set({ order: order.value }));
  eye.addEventListener("click", () => suggestions.set({ isShown: !suggestions.isShown }));

  const nameOf = ({ id, name, created_at: at }) =>
    `${name || "Suggestions"} · ${new Date(at).toLocaleString([], { dateStyle: "short", timeStyle: "short" })} · ${id}`;
  let shownLayers = null;

  const show = () => {
    const has = suggestions.layer !== null;
    body.hidden = eye.hidden = !has;
    if (!has) return;
    if (shownLayers !== suggestions.layers) {
      shownLayers = suggestions.layers;
      choice.replaceChildren(...shownLayers.map((layer) => el("option", { value: layer.id }, nameOf(layer))));
    }
    choice.value = suggestions.layer.id;
    choice.hidden = suggestions.layers.length < 2;
    const counts = suggestions.counts();
    value.textContent = suggestions.threshold.toFixed(2);
    slider.value = suggestions.threshold;
    const known = counts.there ? `${counts.there} there already` : "";
    const open = counts.open ? `${counts.shown} of ${counts.open} open shown` : known && "Nothing new";
    count.textContent = [open, known].filter(Boolean).join(", ") || "All are decided.";
    for (const button of [accept, reject]) setDisabled(button, !suggestions.selected, slider);
    setDisabled(next, !counts.shown, slider);
    setDisabled(acceptAll, !counts.shown && !counts.known, slider);
    setDisabled(rejectAll, !counts.below, slider);
    // Those that are there already are closed on the way; alone they are named, since nothing is added.
    acceptAll.lastChild.textContent = counts.shown || !counts.known ? `Accept ${counts.shown}` : `Close ${counts.known} already there`;
    rejectAll.lastChild.textContent = `Reject ${counts.below} below`;
    eye.setAttribute("aria-pressed", String(suggestions.isShown));
    eye.replaceChildren(icon(suggestions.isShown ? "eye" : "eye-off"));
  };
  let timer = 0;
  suggestions.onChange(() => {
    timer ||= setTimeout(() => {
      timer = 0;
      show();
    }, PAUSE_MS);
  });
  show();
}
