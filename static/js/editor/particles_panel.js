// The side panel's list: classes with their counts, what is shown, and every particle, a screenful at a time.

import { el, icon } from "./dom.js";
import { createVirtualList } from "./virtual_list.js";
import { orders, rowsOf } from "./particle_rows.js";

const PAUSE_MS = 80; // a list need not follow each frame of a drag

export function createParticlesPanel(editor) {
  const panel = document.getElementById("panel-particles");
  panel.hidden = false;
  const total = el("span", { class: "count" });
  const legend = el("ul", { class: "legend", "aria-label": "Classes" });
  const empty = el("p", { class: "muted small list-empty" });
  const list = createVirtualList(editor);
  let order = "place";
  let isReversed = false;

  const heads = Object.entries(orders).map(([name, label]) =>
    el("span", { role: "columnheader", "data-order": name }, el("button", { type: "button", class: "list-head", onclick: () => {
      isReversed = order === name && !isReversed;
      order = name;
      update();
    } }, label)),
  );
  list.element.prepend(el("div", { class: "list-heads", role: "row" }, ...heads));
  panel.append(
    el("h2", { class: "panel-title" }, "Particles ", total),
    legend,
    empty,
    list.element,
  );

  const count = () => {
    const counts = new Map([...editor.styles.keys()].map((id) => [id, 0]));
    editor.store.each((slot) => {
      const id = editor.styles.has(editor.store.label_class[slot]) ? editor.store.label_class[slot] : 0;
      counts.set(id, counts.get(id) + 1);
    });
    return counts;
  };

  const showLegend = () => {
    const counts = count();
    const items = [...editor.styles.values()].filter(({ id }) => id || counts.get(0) || !editor.classes.length);
    const focused = [...legend.querySelectorAll("button")].indexOf(document.activeElement);
    legend.replaceChildren(...items.map((style) => {
      const isHidden = editor.hiddenClasses.has(style.id);
      const line = el("span", { class: "swatch line" });
      line.style.borderColor = style.color;
      line.style.borderTopStyle = style.dash.length ? (style.dash[0] < 4 ? "dotted" : "dashed") : "solid";
      const parts = [line, el("span", { class: "legend-name", title: style.name }, style.name)];
      const number = el("span", { class: "count" }, String(counts.get(style.id)));
      const choose = editor.mayEdit ? el("button", {
        type: "button", class: "legend-class", "aria-pressed": String((editor.activeClass ?? 0) === style.id),
        title: `Class of the next box: ${style.name} ( ${style.key || "u"} )`,
        onclick: () => (editor.selection.size ? editor.actions.relabel(style.id || null) : null, editor.setActiveClass(style.id || null)),
      }, ...parts, style.key ? el("kbd", {}, String(style.key)) : "", number)
        : el("span", { class: "legend-class" }, ...parts, number); // who may not draw has no next box
      const eye = el("button", {
        type: "button", class: "button quiet small icon-only", "aria-pressed": String(!isHidden),
        "aria-label": `Show ${style.name}`, title: isHidden ? `Show ${style.name}` : `Hide ${style.name}`,
        onclick: () => editor.toggleClass(style.id),
      }, icon(isHidden ? "eye-off" : "eye"));
      return el("li", {}, choose, eye);
    }));
    legend.querySelectorAll("button")[focused]?.focus();
  };

  const update = () => {
    total.textContent = editor.session.isLoaded || editor.store.count ? String(editor.store.count) : "";
    const rows = rowsOf(editor, order, isReversed);
    list.setRows(rows);
    for (const head of heads) {
      const isSorted = head.dataset.order === order;
      head.setAttribute("aria-sort", isSorted ? (isReversed ? "descending" : "ascending") : "none");
    }
    empty.hidden = rows.length > 0;
    empty.textContent = !editor.session.isLoaded && editor.session.layer !== null ? "Loading…"
      : editor.mayEdit ? "Nothing drawn yet. Drag a box around a particle, or let the engine find some."
      : "Nothing drawn yet.";
    showLegend();
  };

  let timer = 0;
  const later = () => {
    timer ||= setTimeout(() => {
      timer = 0;
      update();
    }, PAUSE_MS);
  };
  for (const name of ["particles", "loaded", "class"]) editor.on(name, later);
  editor.on("selection", list.showSelection);
  editor.viewer.on("calibration", later);
  update();
}
