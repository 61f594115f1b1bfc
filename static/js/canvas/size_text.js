// A particle's size for people. A box is not a diameter: with an outline its equivalent circular diameter is told,
// else the box's sides. Never nm without a calibration in force. Knows no DOM.

import { withDigits } from "../lib/numbers.js";

const DIGITS = 3;
const NM_PER_UM = 1000;

function length(values, unit) {
  if (unit === "nm" && values.every((value) => value >= NM_PER_UM)) {
    return `${values.map((value) => withDigits(value / NM_PER_UM, DIGITS)).join(" × ")} µm`;
  }
  const text = (value) => (value >= 1000 ? String(Math.round(value)) : withDigits(value, DIGITS));
  return `${values.map(text).join(" × ")} ${unit}`;
}

// `calibration` is null unless nm may be shown, else {pixel_size_x_nm, pixel_size_y_nm}.
export function sizeText({ width, height, ecd_px: ecdPx, ecd_nm: ecdNm }, calibration) {
  if (Number.isFinite(ecdPx) && ecdPx > 0) {
    if (calibration && Number.isFinite(ecdNm) && ecdNm > 0) return `⌀ ${length([ecdNm], "nm")}`;
    return `⌀ ${length([ecdPx], "px")}`;
  }
  if (!calibration) return length([width, height], "px");
  return length([width * calibration.pixel_size_x_nm, height * calibration.pixel_size_y_nm], "nm");
}
