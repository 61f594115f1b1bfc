// Below the picture: where the cursor is, the raw value there, and what the image is.

import { valueOf } from "../canvas/window_level.js";
import { api } from "../lib/api.js";
import { shortest, valueText, withDigits } from "../lib/numbers.js";

const byId = (id) => document.getElementById(id);
const ASK_AFTER_MS = 50; // the cursor rests so long before the server is asked for a value

export function positionText(x, y, calibration) {
  const px = `x ${x}  y ${y} px`;
  if (!calibration) return px;
  const nm = (pixels, size) => withDigits((pixels + 0.5) * size, 5);
  return `${px}  ·  ${nm(x, calibration.pixel_size_x_nm)}, ${nm(y, calibration.pixel_size_y_nm)} nm`;
}

export function createStatusBar(viewer) {
  const [position, value, size] = [byId("status-position"), byId("status-value"), byId("status-size")];
  const known = new Map(); // "frame:x:y" -> text from the server
  let hovered = null; // {x, y} whole pixel
  let asking = 0;

  const show = (text) => (value.textContent = text === null ? "" : `value ${text}`);

  const ask = async (x, y) => {
    const { frame } = viewer;
    const key = `${frame.id}:${x}:${y}`;
    try {
      const answer = await api("GET", `${frame.values_url}?x=${x}&y=${y}`);
      const number = answer.value;
      known.set(key, number === null ? answer.text : valueText(number, frame.value_step));
    } catch {
      return; // offline: the position stays right, the value empty
    }
    if (known.size > 5000) known.clear();
    if (hovered?.x === x && hovered?.y === y && viewer.frame.id === frame.id) show(known.get(key));
  };

  const hover = (at) => {
    clearTimeout(asking);
    const { frame } = viewer;
    const [x, y] = at ? [Math.floor(at.x), Math.floor(at.y)] : [-1, -1];
    const isInside = x >= 0 && y >= 0 && x < frame.width_px && y < frame.height_px;
    hovered = isInside ? { x, y } : null;
    if (!isInside) {
      position.textContent = "";
      show(null);
      return;
    }
    position.textContent = positionText(x, y, frame.calibration);
    // Codes are the pixel's own value where the frame is exact and its full-size tile is here.
    const code = frame.is_exact ? viewer.image.codeAt(x, y) : undefined;
    const key = `${frame.id}:${x}:${y}`;
    if (code !== undefined) show(valueText(valueOf(code, frame)));
    else if (known.has(key)) show(known.get(key));
    else {
      show("…");
      asking = setTimeout(ask, ASK_AFTER_MS, x, y);
    }
  };

  const showFrame = (frame) => {
    const pixels = `${frame.width_px} × ${frame.height_px} px · ${frame.dtype}`;
    const { calibration } = frame;
    if (!calibration) {
      size.textContent = pixels;
      return;
    }
    const [x, y] = [calibration.pixel_size_x_nm, calibration.pixel_size_y_nm];
    const scale = x === y ? shortest(x, 5) : `${shortest(x, 5)} × ${shortest(y, 5)}`;
    size.textContent = `${pixels} · ${scale} nm/px`;
  };

  viewer.on("hover", hover);
  viewer.on("frame", (frame) => (hover(null), showFrame(frame)));
  viewer.on("calibration", showFrame);
  showFrame(viewer.frame);
}
