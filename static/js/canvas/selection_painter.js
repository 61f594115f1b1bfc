// Paints what is selected and pointed at, the handles, and what is being drawn or dragged.

import { HANDLES } from "./geometry.js";
import { traceOutline } from "./boxes_painter.js";

const HANDLE_PX = 8;
export const HANDLES_FROM_PX = 26; // a box smaller than this on the screen is all handles: none are drawn
const DETAIL_UP_TO = 1200; // selected boxes in view
const SELECTED = "#ffffff";
const EDGE = "rgb(0 0 0 / 70%)";

export function createSelectionPainter({ getStore, selection, getDraft, getColor, hasHandles }) {
  const frameOf = (box, { scale, x, y }) => [
    (box.x - x) * scale, (box.y - y) * scale, box.width * scale, box.height * scale,
  ];

  const outlineBox = (ctx, rect, color, width, dash = []) => {
    ctx.setLineDash([]);
    ctx.lineWidth = width + 2;
    ctx.strokeStyle = EDGE;
    ctx.strokeRect(...rect);
    ctx.setLineDash(dash);
    ctx.lineWidth = width;
    ctx.strokeStyle = color;
    ctx.strokeRect(...rect);
  };

  const drawHandles = (ctx, [x, y, width, height]) => {
    if (Math.max(width, height) < HANDLES_FROM_PX) return;
    ctx.setLineDash([]);
    ctx.lineWidth = 1;
    for (const [across, down] of HANDLES) {
      const isMiddle = across === 0.5 || down === 0.5;
      if (isMiddle && Math.min(width, height) < 2 * HANDLES_FROM_PX) continue;
      const place = [x + across * width - HANDLE_PX / 2, y + down * height - HANDLE_PX / 2, HANDLE_PX, HANDLE_PX];
      ctx.fillStyle = SELECTED;
      ctx.fillRect(...place);
      ctx.strokeStyle = EDGE;
      ctx.strokeRect(...place);
    }
  };

  return (ctx, viewport) => {
    const store = getStore();
    const seen = viewport.visible();
    const isSeen = (box) =>
      box.x <= seen.right && box.y <= seen.bottom && box.x + box.width >= seen.left && box.y + box.height >= seen.top;
    const draft = getDraft();
    const rects = [];
    for (const id of selection.ids) {
      const slot = store.slot(id);
      if (slot === undefined || store.hidden[slot]) continue;
      const box = { x: store.x[slot], y: store.y[slot], width: store.width[slot], height: store.height[slot] };
      if (isSeen(box)) rects.push(frameOf(box, viewport.state));
    }
    // A rim around the box's own line: its class stays readable. Of very many a thin one, for speed.
    ctx.setLineDash([]);
    ctx.lineJoin = "miter";
    for (const [color, width] of rects.length <= DETAIL_UP_TO ? [[EDGE, 5], [SELECTED, 2]] : [[SELECTED, 1]]) {
      ctx.strokeStyle = color;
      ctx.lineWidth = width;
      for (const rect of rects) ctx.strokeRect(...rect);
    }
    const hovered = selection.hovered && store.get(selection.hovered);
    if (hovered && !selection.has(hovered.id) && !draft) {
      outlineBox(ctx, frameOf(hovered, viewport.state), getColor(hovered.label_class), 2.5);
    }
    const single = selection.single && store.get(selection.single);
    if (single && hasHandles() && !draft && !store.hidden[store.slot(single.id)]) {
      drawHandles(ctx, frameOf(single, viewport.state));
    }
    for (const box of draft?.boxes ?? []) {
      outlineBox(ctx, frameOf(box, viewport.state), getColor(box.label_class), 1.5);
      if (!box.outline) continue;
      const outline = new Path2D();
      traceOutline(outline, box.outline, viewport.state);
      ctx.stroke(outline);
    }
    if (draft?.marquee) {
      const rect = frameOf(draft.marquee, viewport.state);
      ctx.fillStyle = "rgb(255 255 255 / 10%)";
      ctx.fillRect(...rect);
      outlineBox(ctx, rect, SELECTED, 1, [4, 3]);
    }
  };
}
