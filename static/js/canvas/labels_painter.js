// The size beside each box: upright, as large at any zoom, and only where it covers no other one.

import { sizeText } from "./size_text.js";

const FONT = "600 11px Inter, system-ui, sans-serif";
const HEIGHT_PX = 15;
const PADDING_PX = 4;
const CELL_PX = 8; // of the map of what is covered
const MOST = 160; // labels at a time
const MOST_ZOOMING = 30; // and while the scale changes: words cost most of a frame without a GPU
const STILL_MS = 120; // without another scale, and the rest comes back
const FROM_PX = 18; // a box smaller than this on the screen has no room for words
const BACK = "rgb(16 20 24 / 78%)";

// getLabelled() -> {store, isShown(slot), first: slots that come before all others}; getCalibration() -> or null.
export function createLabelsPainter({ getStore, isShown, getFirst, getCalibration, getColor, requestDraw }) {
  const texts = new Map(); // slot -> {key, text, width}
  let covered = new Uint8Array(0);
  let of = null;
  let lastScale = null;
  let zooming = 0; // timer

  const mostNow = (scale) => {
    if (scale !== lastScale && lastScale !== null) {
      clearTimeout(zooming);
      zooming = setTimeout(() => { zooming = 0; requestDraw(); }, STILL_MS);
    }
    lastScale = scale;
    return zooming ? MOST_ZOOMING : MOST;
  };

  const textOf = (ctx, store, slot, calibration) => {
    const key = `${store.width[slot]} ${store.height[slot]} ${store.ecd_px[slot]} ${store.ecd_nm[slot]} ${calibration?.id}`;
    let found = texts.get(slot);
    if (found?.key !== key) {
      const text = sizeText(
        { width: store.width[slot], height: store.height[slot], ecd_px: store.ecd_px[slot], ecd_nm: store.ecd_nm[slot] },
        calibration,
      );
      texts.set(slot, (found = { key, text, width: ctx.measureText(text).width + 2 * PADDING_PX }));
    }
    return found;
  };

  return (ctx, viewport) => {
    const store = getStore();
    if (of !== store) {
      texts.clear(); // slots are another frame's now
      of = store;
    }
    const { scale, x: left, y: top, width, height } = viewport.state;
    const [columns, rows] = [Math.ceil(width / CELL_PX) + 1, Math.ceil(height / CELL_PX) + 1];
    if (covered.length !== columns * rows) covered = new Uint8Array(columns * rows);
    else covered.fill(0);
    const calibration = getCalibration();
    ctx.font = FONT;
    ctx.textBaseline = "middle";

    const isFree = (x, y, w) => {
      const [c0, c1] = [Math.floor(x / CELL_PX), Math.floor((x + w) / CELL_PX)];
      const [r0, r1] = [Math.floor(y / CELL_PX), Math.floor((y + HEIGHT_PX) / CELL_PX)];
      for (let r = Math.max(0, r0); r <= Math.min(rows - 1, r1); r++)
        for (let c = Math.max(0, c0); c <= Math.min(columns - 1, c1); c++) if (covered[r * columns + c]) return false;
      for (let r = Math.max(0, r0); r <= Math.min(rows - 1, r1); r++)
        for (let c = Math.max(0, c0); c <= Math.min(columns - 1, c1); c++) covered[r * columns + c] = 1;
      return true;
    };

    const draw = (slot, isFirst) => {
      const { text, width: w } = textOf(ctx, store, slot, calibration);
      const boxLeft = (store.x[slot] - left) * scale;
      const boxTop = (store.y[slot] - top) * scale;
      const boxBottom = boxTop + store.height[slot] * scale;
      const x = Math.min(Math.max(2, boxLeft), Math.max(2, width - w - 2));
      const above = boxTop - HEIGHT_PX - 3;
      const y = above >= 2 ? above : Math.min(boxBottom + 3, height - HEIGHT_PX - 2);
      if (!isFree(x, y, w) && !isFirst) return false;
      ctx.fillStyle = BACK;
      ctx.fillRect(x, y, w, HEIGHT_PX);
      ctx.fillStyle = getColor(slot);
      ctx.fillRect(x, y, 2, HEIGHT_PX);
      ctx.fillStyle = "#fff";
      ctx.fillText(text, x + PADDING_PX + 0.5, y + HEIGHT_PX / 2 + 0.5);
      return true;
    };

    const seen = viewport.visible();
    const isSeen = (slot) =>
      store.x[slot] < seen.right && store.y[slot] < seen.bottom &&
      store.x[slot] + store.width[slot] > seen.left && store.y[slot] + store.height[slot] > seen.top;
    const first = getFirst();
    for (const slot of first) if (isSeen(slot)) draw(slot, true);
    const most = mostNow(scale);
    if (store.longest * scale < FROM_PX) return;
    const candidates = [];
    store.query(seen.left, seen.top, seen.right, seen.bottom, (slot) => {
      if (Math.max(store.width[slot], store.height[slot]) * scale < FROM_PX) return;
      if (!store.hidden[slot] && isShown(slot) && !first.includes(slot)) candidates.push(slot);
    });
    // In the order of their slots, not of their place: a label does not flicker while the view moves.
    candidates.sort((a, b) => a - b);
    let n = 0;
    for (const slot of candidates) if (draw(slot, false) && ++n >= most) break;
  };
}
