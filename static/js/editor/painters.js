// The editor's layers of paint on the scene: suggestions below boxes, labels and handles above.

import { createBoxesPainter } from "../canvas/boxes_painter.js";
import { createLabelsPainter } from "../canvas/labels_painter.js";
import { createSelectionPainter } from "../canvas/selection_painter.js";
import { sizeText } from "../canvas/size_text.js";

const SUGGESTED = { color: "#f5c542", dash: [4, 4], width: 1.5 };
const CHOSEN = { color: "#ffe9a8", dash: [6, 3], width: 3 };
const JUST_ACCEPTED = { color: "#ffffff", dash: [], width: 1.5 };

export function createPainters(editor) {
  const { scene } = editor.viewer;
  const { suggestions, selection } = editor;
  const styleOfSuggestion = (slot) => {
    if (suggestions.isVisible(slot)) return suggestions.store.ids[slot] === suggestions.selected ? CHOSEN : SUGGESTED;
    return suggestions.isOnWay(slot) ? JUST_ACCEPTED : null;
  };
  const unclassified = editor.styles.get(0);
  const styleOf = (slot) => {
    if (!editor.isShown(slot)) return null;
    return editor.styles.get(editor.store.label_class[slot]) ?? unclassified;
  };
  const firstLabels = () => {
    const ids = [...[...selection.ids].slice(0, 20), selection.hovered];
    return ids.map((id) => editor.store.slot(id)).filter((slot) => slot !== undefined && !editor.store.hidden[slot]);
  };

  scene.addPainter(10, createBoxesPainter({ getStore: () => suggestions.store, getStyle: styleOfSuggestion, isVisible: () => suggestions.isShown }));
  scene.addPainter(12, createBoxesPainter({ getStore: () => editor.store, getStyle: styleOf }));
  const ofLabels = { getCalibration: editor.calibration, getColor: (slot) => editor.colorOf(editor.store.label_class[slot]) };
  scene.addPainter(24, createLabelsPainter({ getStore: () => editor.store, isShown: editor.isShown, getFirst: firstLabels, ...ofLabels, requestDraw: scene.requestDraw }));
  scene.addPainter(20, createSelectionPainter({
    getStore: () => editor.store,
    selection,
    getDraft: () => editor.draft,
    getColor: editor.colorOf,
    hasHandles: () => editor.mayEdit,
  }));
  scene.addPainter(22, (ctx, viewport) => drawDraftSize(ctx, viewport, editor));
}

// The size of what is being drawn or resized, at its lower right corner.
function drawDraftSize(ctx, viewport, editor) {
  const boxes = editor.draft?.boxes;
  if (boxes?.length !== 1) return;
  const [box] = boxes;
  const text = sizeText(box, editor.calibration());
  ctx.font = "600 12px Inter, system-ui, sans-serif";
  const width = ctx.measureText(text).width + 10;
  const [right, bottom] = viewport.toScreen(box.x + box.width, box.y + box.height);
  const x = Math.min(right + 6, viewport.state.width - width - 2);
  const y = Math.min(bottom + 6, viewport.state.height - 20);
  ctx.fillStyle = "rgb(16 20 24 / 85%)";
  ctx.fillRect(x, y, width, 18);
  ctx.fillStyle = "#fff";
  ctx.textBaseline = "middle";
  ctx.fillText(text, x + 5, y + 9.5);
}
