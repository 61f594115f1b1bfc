// Selects, moves and resizes: a drag on a box moves it, on one of the eight handles resizes it, elsewhere it draws
// a frame around what is to be selected.

import { clampedMove, handleAt, HANDLES, isWithin, resized } from "../geometry.js";
import { movedOutline } from "../outline.js";
import { HANDLES_FROM_PX } from "../selection_painter.js";
import { CLICK_PX, pick } from "./picking.js";

const REACH_PX = 7; // CSS px around a handle's middle
const MOST_GHOSTS = 400; // boxes drawn while they are dragged

export function createSelectTool(editor) {
  let drag = null; // {start, kind: "move" | "resize" | "marquee", boxes, handle}
  const tool = { name: "select", cursor: "default" };

  const handleUnder = (p) => {
    const box = editor.selection.single && editor.store.get(editor.selection.single);
    if (!box || !editor.mayEdit || Math.max(box.width, box.height) * editor.scale() < HANDLES_FROM_PX) return -1;
    // The middle of a small box stays free to move it by.
    return handleAt(box, p.x, p.y, Math.min(REACH_PX / editor.scale(), Math.min(box.width, box.height) / 4));
  };
  const selected = () => [...editor.selection.ids].map((id) => editor.store.get(id)).filter(Boolean);

  const draftOf = (p) => {
    const [dx, dy] = [p.x - drag.start.x, p.y - drag.start.y];
    if (drag.kind === "marquee") return { marquee: rect(drag.start, p) };
    if (drag.kind === "resize") {
      const box = resized(drag.boxes[0], HANDLES[drag.handle], dx, dy, editor.frameSize());
      return { boxes: [{ ...drag.boxes[0], ...box, outline: null, ecd_px: null, ecd_nm: null }] };
    }
    const [mx, my] = clampedMove(drag.boxes, dx, dy, editor.frameSize());
    const moved = (box) => ({ ...box, x: box.x + mx, y: box.y + my, outline: movedOutline(box.outline, mx, my) });
    return { boxes: drag.boxes.slice(0, MOST_GHOSTS).map(moved), by: [mx, my] };
  };

  const finish = () => {
    if (drag) editor.setHidden(drag.boxes ?? [], false);
    drag = null;
    tool.cursor = "default";
    editor.setDraft(null);
  };

  return Object.assign(tool, {
    down(p) {
      const handle = handleUnder(p);
      if (handle >= 0) drag = { start: p, kind: "resize", handle, boxes: selected() };
      else {
        const id = editor.idAt(p.x, p.y, editor.selection);
        if (id && editor.mayEdit && !p.shift) drag = { start: p, kind: "move", id };
        else drag = { start: p, kind: "marquee" };
      }
    },

    move(p) {
      if (!drag) return;
      if (!drag.isOn) {
        if (Math.hypot(p.sx - drag.start.sx, p.sy - drag.start.sy) < CLICK_PX) return;
        drag.isOn = true;
        if (drag.kind === "move") {
          if (!editor.selection.has(drag.id)) editor.selection.set(drag.id);
          drag.boxes = selected();
        }
        editor.setHidden(drag.boxes ?? [], true);
      }
      editor.setDraft(draftOf(p));
    },

    up(p) {
      if (!drag) return;
      if (!drag.isOn) {
        const isResize = drag.kind === "resize";
        finish();
        if (!isResize) pick(editor, p);
        return;
      }
      const [{ kind, boxes }, draft] = [drag, draftOf(p)];
      finish();
      if (kind === "marquee") {
        const found = editor.idsWithin(draft.marquee, isWithin);
        if (p.shift) editor.selection.add(...found);
        else editor.selection.set(...found);
      } else if (kind === "resize") editor.actions.resize(boxes[0].id, draft.boxes[0]);
      else editor.actions.moveBy(boxes, ...draft.by);
    },

    cancel: finish,

    hover(p) {
      const handle = handleUnder(p);
      editor.hoverAt(p);
      const over = handle >= 0 ? HANDLES[handle][2] : editor.selection.hovered ? "move" : "default";
      editor.setCursor(over);
    },
    leave: () => editor.selection.hover(null),
  });
}

function rect(a, b) {
  const [x, y] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
  return { x, y, width: Math.abs(a.x - b.x), height: Math.abs(a.y - b.y) };
}
