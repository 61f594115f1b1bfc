// What the list shows and in which order: slots of the store. Knows no DOM.

import { readingOrder } from "../canvas/geometry.js";

export const orders = { place: "#", class: "Class", size: "Size", confidence: "Conf." };

// Slots in order; `number` of each is its place in reading order, as Tab counts them.
export function rowsOf(editor, order, isReversed) {
  const { store } = editor;
  const boxes = [];
  store.each((slot) => {
    if (!editor.isShown(slot)) return;
    boxes.push({ slot, x: store.x[slot], y: store.y[slot], height: store.height[slot] });
  });
  const rows = readingOrder(boxes).map(({ slot }, i) => ({ slot, number: i + 1 }));
  const size = (slot) => (store.ecd_px[slot] > 0 ? store.ecd_px[slot] : Math.sqrt(store.width[slot] * store.height[slot]));
  const keys = {
    class: ({ slot }) => store.label_class[slot],
    size: ({ slot }) => size(slot),
    confidence: ({ slot }) => (store.confidence[slot] >= 0 ? store.confidence[slot] : 2),
  };
  if (keys[order]) rows.sort((a, b) => keys[order](a) - keys[order](b) || a.number - b.number);
  return isReversed ? rows.reverse() : rows;
}
