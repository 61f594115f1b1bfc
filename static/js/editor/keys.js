// All of the editor by keyboard alone: the table from which the help dialog is made as well.

import { boxBetween, readingOrder } from "../canvas/geometry.js";

const NEW_BOX_SHARE = 0.12; // of the view's shorter side
const ARROWS = [["ArrowLeft", -1, 0], ["ArrowRight", 1, 0], ["ArrowUp", 0, -1], ["ArrowDown", 0, 1]];
const FAR_PX = 10;

export function addEditorKeys(editor, shortcuts) {
  const { viewer, selection, suggestions, actions } = editor;
  const { canvas } = viewer;
  const mayEdit = () => editor.mayEdit;
  const hasSelection = () => editor.mayEdit && selection.size > 0;
  let mayLeave = false; // Escape with nothing selected: the next Tab leaves the image, as WCAG 2.1.2 asks

  const add = (group, keys, label, run, more = {}) => shortcuts.add({ group, keys, label, run, ...more });

  const drawAtCentre = () => {
    const { state, toImage } = viewer.viewport;
    const half = (NEW_BOX_SHARE * Math.min(state.width, state.height)) / 2;
    const corner = (sign) => {
      const [x, y] = toImage(state.width / 2 + sign * half, state.height / 2 + sign * half);
      return { x, y };
    };
    const box = boxBetween(corner(-1), corner(1), editor.frameSize());
    if (!box) return editor.announce("The view's centre is off the image.");
    const id = actions.draw(box);
    if (id) editor.announce(`Drawn: ${editor.describe(editor.store.get(id))}`);
  };

  const step = (by) => () => {
    if (document.activeElement !== canvas) return false;
    const boxes = [];
    editor.store.each((slot) => editor.isShown(slot) && boxes.push(editor.store.get(editor.store.ids[slot])));
    const ordered = readingOrder(boxes);
    const at = ordered.findIndex(({ id }) => selection.has(id));
    const next = at < 0 ? (by > 0 ? 0 : ordered.length - 1) : at + by;
    if (mayLeave || !ordered[next]) return false; // past the last box, Tab goes on to the page
    selection.set(ordered[next].id);
    editor.reveal(ordered[next]);
    editor.announce(`Box ${next + 1} of ${ordered.length}: ${editor.describe(ordered[next])}`);
  };

  const escape = () => {
    if (viewer.cancelGesture()) return;
    if (selection.size || suggestions.selected) {
      selection.set();
      suggestions.select(null);
    } else mayLeave = true;
  };
  canvas.addEventListener("focus", () => (mayLeave = false));

  const resizeBy = (dx, dy) => {
    const box = selection.single && editor.store.get(selection.single);
    if (!box) return false;
    const to = boxBetween(box, { x: box.x + Math.max(2, box.width + dx), y: box.y + Math.max(2, box.height + dy) }, editor.frameSize());
    if (to) actions.resize(box.id, to);
  };

  const chooseClass = (id) => {
    editor.setActiveClass(id);
    if (selection.size) actions.relabel(id);
    const { name } = editor.styles.get(id ?? 0);
    if (!selection.size) editor.announce(`New boxes: ${name}`);
  };

  add("Tools", ["b"], "Box: one drag draws, also on top of another; Ctrl + drag moves", () => viewer.setTool(editor.tools.box), { when: mayEdit });
  add("Tools", ["v"], "Select: drag moves, handles resize, an empty drag selects", () => viewer.setTool(editor.tools.select));

  for (const { id, key, name } of editor.classes.filter((one) => one.key)) {
    add("Classes", [String(key)], `${name}: for the selection and the next box`, () => chooseClass(id), { when: mayEdit });
  }
  add("Classes", ["u"], "No class", () => chooseClass(null), { when: mayEdit });

  add("Boxes", ["Enter"], "Draw a box at the view's centre", drawAtCentre, { when: mayEdit });
  add("Boxes", ["Tab", "Shift+Tab"], "Next, previous box in reading order (Esc, Esc, Tab leaves the image)", (event) => step(event.shiftKey ? -1 : 1)());
  for (const [i, [key, x, y]] of ARROWS.entries()) {
    const shown = (label, keys) => (i ? {} : { label, shownKeys: [keys] });
    const on = (keys, run, more) => shortcuts.add({ group: "Boxes", keys, run, when: hasSelection, ...more });
    on([key], () => actions.nudge(x, y), shown("Move the selection by 1 px", "← ↑ → ↓"));
    on([`Shift+${key}`], () => actions.nudge(FAR_PX * x, FAR_PX * y), shown("… by 10 px", "Shift + ← ↑ → ↓"));
    on([`Ctrl+${key}`], () => resizeBy(x, y), shown("Resize the box by 1 px", "Ctrl + ← ↑ → ↓"));
    on([`Ctrl+Shift+${key}`], () => resizeBy(FAR_PX * x, FAR_PX * y), shown("… by 10 px", "Ctrl + Shift + ← ↑ → ↓"));
  }
  add("Boxes", ["f"], "Fit the outline of what is in the box", () => {
    if (selection.size) actions.fit();
    else editor.announce("Nothing is selected: choose a box, then F fits its outline.");
  }, { when: mayEdit });
  add("Boxes", ["Shift+f"], "Fit new boxes automatically, on or off", () => {
    editor.setAutoFit(!editor.autoFit);
    editor.announce(`New boxes are ${editor.autoFit ? "" : "not "}fitted automatically.`);
  }, { when: mayEdit });
  add("Boxes", ["Delete", "Backspace"], "Delete the selection", () => actions.remove(), { when: hasSelection });
  add("Boxes", ["Ctrl+d"], "Duplicate the selection", () => actions.duplicate(), { when: hasSelection });
  add("Boxes", ["Ctrl+a"], "Select all boxes", () => {
    const ids = [];
    editor.store.each((slot) => editor.isShown(slot) && ids.push(editor.store.ids[slot]));
    selection.set(...ids);
    editor.announce(`${ids.length} selected`);
  });
  add("Boxes", ["Escape"], "Cancel the drag, then select nothing", escape);

  add("History", ["Ctrl+z"], "Undo, without limit, also after a reload", () => void actions.takeBack(false), { when: mayEdit });
  add("History", ["Ctrl+Shift+z", "Ctrl+y"], "Redo", () => void actions.takeBack(true), { when: mayEdit });

  const toNext = () => {
    const id = suggestions.next();
    selection.set();
    suggestions.select(id);
    if (id) editor.reveal(suggestions.store.get(id));
  };
  const decide = (decision) => () => (suggestions.selected ? suggestions.decideOne(decision) : toNext());
  const hasSuggestions = () => suggestions.layer !== null;
  add("Suggestions", ["y"], "Accept the chosen suggestion, go to the next", decide("accepted"), { when: () => mayEdit() && hasSuggestions() });
  add("Suggestions", ["n"], "Reject it, go to the next", decide("rejected"), { when: () => mayEdit() && hasSuggestions() });
  add("Suggestions", ["j"], "Next suggestion", toNext, { when: hasSuggestions });
  add("Suggestions", ["s"], "Show or hide suggestions", () => suggestions.set({ isShown: !suggestions.isShown }), { when: hasSuggestions });
}
