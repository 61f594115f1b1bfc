// Draws a box with one drag, also on top of another one. A click selects what is under it; with Ctrl held the
// drag grabs instead, as the select tool does.

import { boxBetween } from "../geometry.js";
import { CLICK_PX, pick } from "./picking.js";

export function createBoxTool(editor, selectTool) {
  let start = null;
  let isGrabbing = false;

  const draftFor = (p) => boxBetween(start, p, editor.frameSize());
  const finish = () => {
    start = null;
    editor.setDraft(null);
  };

  return {
    name: "box",
    cursor: "crosshair",
    down(p) {
      isGrabbing = p.ctrl;
      if (isGrabbing) return selectTool.down(p);
      start = p;
    },
    move(p) {
      if (isGrabbing) return selectTool.move(p);
      const box = draftFor(p);
      editor.setDraft(box && { boxes: [{ ...box, label_class: editor.activeClass }], isNew: true });
    },
    up(p) {
      if (isGrabbing) {
        isGrabbing = false;
        return selectTool.up(p);
      }
      const isClick = Math.hypot(p.sx - start.sx, p.sy - start.sy) < CLICK_PX;
      const box = isClick ? null : draftFor(p);
      finish();
      if (box) editor.actions.draw(box);
      else pick(editor, p);
    },
    cancel() {
      if (isGrabbing) selectTool.cancel();
      isGrabbing = false;
      finish();
    },
    hover: (p) => (p.ctrl ? selectTool.hover(p) : editor.hoverAt(p)),
    leave: () => editor.selection.hover(null),
  };
}
