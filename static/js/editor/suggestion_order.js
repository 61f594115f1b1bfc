// In which order open suggestions are gone through.

import { readingOrder } from "../canvas/geometry.js";

// The id of the open one that follows on `from`: by place, or the least certain first.
export function nextOf(boxes, from, order) {
  if (!boxes.length) return null;
  if (order === "uncertainty") {
    const doubt = (box) => Math.abs((box.confidence ?? 0.5) - 0.5);
    return boxes.filter(({ id }) => id !== from?.id).sort((a, b) => doubt(a) - doubt(b))[0]?.id ?? boxes[0].id;
  }
  const all = readingOrder(from && !boxes.some(({ id }) => id === from.id) ? [...boxes, from] : boxes);
  return all[(all.findIndex(({ id }) => id === from?.id) + 1) % all.length].id;
}
