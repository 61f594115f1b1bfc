// Boxes {x, y, width, height} in image pixels: drawn, moved, resized, always within the frame. Knows no DOM.

export const MIN_SIDE_PX = 2; // a smaller drag is a click
const STEP_PX = 1 / 16; // finer than anybody points, and exact in binary

// Handles by where they stand on the box: [across, down], 0 the left or top side, 1 the right or bottom one.
export const HANDLES = [
  [0, 0, "nwse-resize"], [0.5, 0, "ns-resize"], [1, 0, "nesw-resize"], [1, 0.5, "ew-resize"],
  [1, 1, "nwse-resize"], [0.5, 1, "ns-resize"], [0, 1, "nesw-resize"], [0, 0.5, "ew-resize"],
];

const round = (value) => Math.round(value / STEP_PX) * STEP_PX;
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

// The box between two corners in any order, cut to the frame; null if nothing of it is left.
export function boxBetween(a, b, frame) {
  const left = round(clamp(Math.min(a.x, b.x), 0, frame.width));
  const top = round(clamp(Math.min(a.y, b.y), 0, frame.height));
  const right = round(clamp(Math.max(a.x, b.x), 0, frame.width));
  const bottom = round(clamp(Math.max(a.y, b.y), 0, frame.height));
  const box = { x: left, y: top, width: right - left, height: bottom - top };
  return box.width < MIN_SIDE_PX || box.height < MIN_SIDE_PX ? null : box;
}

// The box that two opposite sides of `box` make once a handle was dragged by (dx, dy); never turned inside out.
export function resized(box, [across, down], dx, dy, frame) {
  let [left, top, right, bottom] = [box.x, box.y, box.x + box.width, box.y + box.height];
  if (across === 0) left = round(clamp(left + dx, 0, right - MIN_SIDE_PX));
  if (across === 1) right = round(clamp(right + dx, left + MIN_SIDE_PX, frame.width));
  if (down === 0) top = round(clamp(top + dy, 0, bottom - MIN_SIDE_PX));
  if (down === 1) bottom = round(clamp(bottom + dy, top + MIN_SIDE_PX, frame.height));
  return { x: left, y: top, width: right - left, height: bottom - top };
}

// How far boxes may move together so that all stay in the frame: [dx, dy].
export function clampedMove(boxes, dx, dy, frame) {
  let [left, top, right, bottom] = [-Infinity, -Infinity, Infinity, Infinity];
  for (const box of boxes) {
    left = Math.max(left, 0 - box.x);
    top = Math.max(top, 0 - box.y);
    right = Math.min(right, frame.width - box.x - box.width);
    bottom = Math.min(bottom, frame.height - box.y - box.height);
  }
  return [clamp(round(dx), left, Math.max(left, right)), clamp(round(dy), top, Math.max(top, bottom))];
}

// Which handle of a box is under a point, within `reach` image pixels: its index, or -1.
export function handleAt(box, x, y, reach) {
  // On a small box the corners win over the sides between them.
  for (const corners of [true, false]) {
    const found = HANDLES.findIndex(([across, down]) => {
      if ((across !== 0.5 && down !== 0.5) !== corners) return false;
      return Math.abs(box.x + across * box.width - x) <= reach && Math.abs(box.y + down * box.height - y) <= reach;
    });
    if (found >= 0) return found;
  }
  return -1;
}

export function contains(box, x, y) {
  return x >= box.x && y >= box.y && x <= box.x + box.width && y <= box.y + box.height;
}

export function isWithin(box, outer) {
  return contains(outer, box.x, box.y) && contains(outer, box.x + box.width, box.y + box.height);
}

// The order in which one reads: rows from the top, in each from the left. A row is as high as a typical box.
export function readingOrder(boxes) {
  if (!boxes.length) return [];
  const heights = boxes.map((box) => box.height).sort((a, b) => a - b);
  const rowPx = Math.max(1, heights[heights.length >> 1]);
  const row = (box) => Math.floor((box.y + box.height / 2) / rowPx);
  return [...boxes].sort((a, b) => row(a) - row(b) || a.x - b.x || a.y - b.y);
}
