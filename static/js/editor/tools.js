// The tools of the rail: box, select, fit; each with its key in its tooltip.

import { createBoxTool } from "../canvas/tools/box_tool.js";
import { createSelectTool } from "../canvas/tools/select_tool.js";
import { iconButton, setDisabled } from "./dom.js";

export function createTools(editor) {
  const { viewer } = editor;
  const rail = document.getElementById("tools");
  const select = createSelectTool(editor);
  const box = createBoxTool(editor, select);
  editor.tools = { select, box };

  const offer = (tool, icon, label, key, id) => {
    const button = iconButton(icon, label, key, () => viewer.setTool(tool), { id, "aria-pressed": "false" });
    rail.append(button);
    viewer.on("tool", (current) => button.setAttribute("aria-pressed", String(current === tool)));
    return button;
  };
  if (editor.mayEdit) offer(box, "square-dashed", "Box: one drag draws, Ctrl-drag moves", "b", "tool-box");
  offer(select, "mouse-pointer-2", "Select, move, resize", "v", "tool-select");

  if (editor.mayEdit) {
    const fit = iconButton("scan-search", "Fit the outline of what is in the box", "f", () => editor.actions.fit(), { id: "tool-fit" });
    const auto = iconButton("wand-sparkles", "Fit new boxes automatically", "Shift+f", () => editor.setAutoFit(!editor.autoFit), { id: "tool-auto-fit", "aria-pressed": "false" });
    const copy = iconButton("copy", "Duplicate", "Ctrl+d", () => editor.actions.duplicate(), { id: "tool-duplicate" });
    const remove = iconButton("trash-2", "Delete", "Delete", () => editor.actions.remove(), { id: "tool-delete" });
    rail.append(fit, auto, copy, remove);
    const enable = () => {
      for (const button of [fit, copy, remove]) setDisabled(button, !editor.selection.size, viewer.canvas);
    };
    editor.on("selection", enable);
    enable();
    editor.on("autofit", () => auto.setAttribute("aria-pressed", String(editor.autoFit)));
  }
  viewer.setTool(editor.mayEdit ? box : select);
}
