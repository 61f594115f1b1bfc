// A list of any length of which only what is in view is in the page; a grid to screen readers, one stop for Tab.

import { sizeText } from "../canvas/size_text.js";
import { el } from "./dom.js";

const ROW_PX = 26;
const EXTRA_ROWS = 6; // beyond the view, above and below

export function createVirtualList(editor) {
  const spacer = el("div", { class: "list-spacer", role: "rowgroup" });
  const element = el("div", { class: "particle-list", id: "particle-list", role: "grid", tabindex: "0", "aria-label": "Particles", "aria-multiselectable": "true" }, spacer);
  let rows = [];
  let drawing = 0;
  let mustReveal = false; // the measures of what is chosen appear above, and push the list down
  const viewPx = () => element.clientHeight - spacer.offsetTop; // below the heads, which stay in view

  const draw = () => {
    drawing = 0;
    const first = Math.max(0, Math.floor(element.scrollTop / ROW_PX) - EXTRA_ROWS);
    const last = Math.min(rows.length, Math.ceil((element.scrollTop + viewPx()) / ROW_PX) + EXTRA_ROWS);
    spacer.style.height = `${rows.length * ROW_PX + 1}px`; // one to spare: the view may end within a pixel
    element.setAttribute("aria-rowcount", rows.length + 1);
    spacer.replaceChildren(...rows.slice(first, last).map((row, i) => rowElement(row, first + i)));
    const active = editor.selection.single && document.getElementById(`row-${editor.selection.single}`);
    if (active) element.setAttribute("aria-activedescendant", active.id);
    else element.removeAttribute("aria-activedescendant");
    if (mustReveal) active?.scrollIntoView({ block: "nearest" });
    mustReveal = false;
  };
  const redraw = () => {
    drawing ||= requestAnimationFrame(draw);
  };

  const rowElement = ({ slot, number }, at) => {
    const id = editor.store.ids[slot];
    const box = id && editor.store.get(id);
    if (!box) return el("div", { class: "list-row" });
    const style = editor.styles.get(box.label_class || 0) ?? editor.styles.get(0);
    const swatch = el("span", { class: "swatch" });
    swatch.style.background = style.color;
    const cell = (content, name) => el("span", { role: "gridcell", class: `cell-${name}` }, content);
    const label = el("span", {}, swatch, style.name);
    const row = el(
      "div",
      { class: "list-row", id: `row-${id}`, role: "row", "data-particle": id, "aria-rowindex": at + 2, "aria-selected": String(editor.selection.has(id)) },
      cell(String(number), "number"), cell(label, "class"), cell(sizeText(box, editor.calibration()), "size"),
      cell(box.confidence === null ? "" : box.confidence.toFixed(2), "confidence"),
    );
    row.style.top = `${at * ROW_PX}px`;
    return row;
  };

  const scrollTo = (at) => {
    const [top, bottom] = [at * ROW_PX, (at + 1) * ROW_PX];
    if (top < element.scrollTop) element.scrollTop = top;
    else if (bottom > element.scrollTop + viewPx()) element.scrollTop = bottom - viewPx();
  };
  const indexOf = (id) => rows.findIndex(({ slot }) => editor.store.ids[slot] === id);
  const choose = (at) => {
    const id = rows[at] && editor.store.ids[rows[at].slot];
    if (!id) return;
    editor.selection.set(id);
    editor.reveal(editor.store.get(id));
    scrollTo(at);
    mustReveal = true;
    redraw();
    editor.announce(`${at + 1} of ${rows.length}: ${editor.describe(editor.store.get(id))}`);
  };

  element.addEventListener("scroll", redraw);
  element.addEventListener("click", (event) => {
    const id = event.target.closest("[data-particle]")?.dataset.particle;
    if (!id) return;
    if (event.shiftKey || event.ctrlKey || event.metaKey) editor.selection.toggle(id);
    else choose(indexOf(id));
  });
  element.addEventListener("keydown", (event) => {
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };
    if (!(event.key in moves) || event.ctrlKey) return;
    event.preventDefault(); // else the arrows would move the box itself
    const from = editor.selection.single ? indexOf(editor.selection.single) : -1;
    choose(Math.min(rows.length - 1, Math.max(0, from + moves[event.key])));
  });
  new ResizeObserver(() => {
    mustReveal ||= document.activeElement === element; // panels above come and grow while somebody moves in here
    redraw();
  }).observe(element);

  return {
    element,
    setRows(next) {
      rows = next;
      redraw();
    },
    showSelection() {
      const at = editor.selection.single ? indexOf(editor.selection.single) : -1;
      if (at >= 0 && document.activeElement !== element) scrollTo(at);
      redraw();
    },
  };
}
