// What is selected, with its measures; nm only with a calibration in force.

import { sizeText } from "../canvas/size_text.js";
import { api } from "../lib/api.js";
import { withDigits } from "../lib/numbers.js";
import { el } from "./dom.js";

const ASK_AFTER_MS = 150; // a selection that only passes by asks for nothing
const number = (value) => withDigits(value, 3);

// [label, name, unit in px, unit in nm]
const LENGTHS = [["ECD", "ecd"], ["Feret max", "feret_max"], ["Feret min", "feret_min"]];
const RATIOS = [["Aspect ratio", "aspect_ratio"], ["Roundness", "roundness"], ["Circularity", "circularity"], ["Solidity", "solidity"]];

export function createSelectionPanel(editor) {
  const panel = document.getElementById("panel-selection");
  const origins = { drawn: "drawn", accepted: "accepted suggestion", imported: "imported", suggested: "suggested" };
  let asking = 0;
  let wanted = null;

  const facts = (pairs) => el("dl", { class: "facts small" }, ...pairs.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
  const title = (text) => el("h2", { class: "panel-title" }, text);

  const basic = (box) => {
    const { pixel_size_x_nm: nx, pixel_size_y_nm: ny } = editor.calibration() ?? {};
    const sides = `${number(box.width)} × ${number(box.height)} px`;
    const pairs = [["Box", nx ? `${sides} (${sizeText({ width: box.width, height: box.height }, { pixel_size_x_nm: nx, pixel_size_y_nm: ny })})` : sides]];
    if (!box.outline) pairs.push(["Size", "No outline yet: a box is not a diameter. F fits one."]);
    return pairs;
  };

  const measured = (row) => {
    const unit = editor.calibration() && row.ecd_nm !== null ? "nm" : "px";
    const pairs = LENGTHS.filter(([, name]) => row[`${name}_${unit}`] !== null).map(([label, name]) => [label, `${number(row[`${name}_${unit}`])} ${unit}`]);
    const area = unit === "nm" ? row.area_nm2 : row.area_px2;
    if (area !== null) pairs.push(["Area", `${number(area)} ${unit}²`]);
    pairs.push(...RATIOS.filter(([, name]) => row[name] !== null).map(([label, name]) => [label, number(row[name])]));
    return pairs;
  };

  const about = (row) => {
    const pairs = [["Origin", [origins[row.origin], row.author].filter(Boolean).join(", by ")]];
    if (row.confidence !== null) pairs.push(["Confidence", row.confidence.toFixed(2)]);
    if (row.touches_border) pairs.push(["Border", "Touches the image's edge"]);
    return pairs;
  };

  const show = () => {
    const { size, single } = editor.selection;
    panel.hidden = !size;
    clearTimeout(asking);
    wanted = single;
    if (!size) return;
    if (!single) {
      panel.replaceChildren(title(`${size} selected`), el("p", { class: "muted small" }, "A number key sets their class, Delete removes them, Ctrl+D doubles them."));
      return;
    }
    const box = editor.store.get(single);
    if (!box) return;
    const name = (editor.styles.get(box.label_class || 0) ?? editor.styles.get(0)).name;
    const head = title(name);
    panel.replaceChildren(head, facts(basic(box)));
    if (editor.ledger.isPending(single)) return; // the server does not know it yet; asked once it is saved
    asking = setTimeout(async () => {
      let row;
      try {
        row = await api("GET", `/api/v1/particles/${single}/`);
      } catch {
        return; // offline, or deleted by somebody else meanwhile: what is known stands there already
      }
      if (wanted === single && row.version >= box.version) panel.replaceChildren(head, facts([...measured(row), ...basic(box), ...about(row)]));
    }, ASK_AFTER_MS);
  };

  let timer = 0;
  const later = () => {
    timer ||= requestAnimationFrame(() => {
      timer = 0;
      show();
    });
  };
  editor.on("selection", later);
  editor.on("particles", () => editor.selection.size && later());
  editor.on("saved", ({ state }) => state === "saved" && editor.selection.single && later());
  editor.viewer.on("calibration", later);
}
