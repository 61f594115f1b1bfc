// What can be done to particles: each action is one gesture, shown at once, recorded in the ledger, undone at once.

import { clampedMove } from "../canvas/geometry.js";
import { inverse } from "../canvas/history.js";
import { uuid } from "../lib/uuid.js";
import { applyStep, wireFields } from "./steps.js";

const SHAPE = ["x", "y", "width", "height", "outline", "ecd_px", "ecd_nm"];
const COPY_OFFSET_PX = 12; // on the screen
const pick = (state, names) => Object.fromEntries(names.map((name) => [name, state[name] ?? null]));

export function createActions(editor) {
  const edit = (body) => ({
    id: body.id, layer: editor.session.layer, kind: "edits", url: `/api/v1/layers/${editor.session.layer}/edits/`, body,
  });

  const commit = (steps, { group = uuid(), fits = false } = {}) => {
    if (!editor.mayEdit || !steps.length) return false;
    if (!editor.session.isLoaded) {
      editor.announce("The annotations are still being loaded; try again in a moment.");
      return false;
    }
    const entries = steps.map(({ particle, before, after }) => {
      const action = !before ? "add" : !after ? "delete" : "change";
      const base = editor.store.get(particle)?.version ?? editor.session.versions.get(particle) ?? 0;
      const fields = after ? { fields: wireFields(before, after) } : {};
      return edit({ id: uuid(), group, action, particle, base_version: base, ...fields });
    });
    editor.batch(() => steps.forEach((step) => applyStep(editor.session, step)));
    editor.history.commit({ group, steps });
    if (fits) entries.push(...steps.map(({ particle }) => fitEntry(particle, group)));
    return editor.ledger.add(...entries);
  };

  const fitEntry = (particle, group) => {
    const id = uuid();
    const base = editor.store.get(particle).version;
    const body = { id, group, particle, base_version: base };
    editor.store.put({ id: particle, version: base + 1 }); // counted on, as with any edit
    const { layer } = editor.session;
    return { id, layer, kind: "fit", url: `/api/v1/layers/${layer}/fit/`, body };
  };

  const selected = () => [...editor.selection.ids].map((id) => editor.store.get(id)).filter(Boolean);
  const change = (boxes, to) => {
    const steps = boxes.map((box) => {
      const after = to(box);
      return { particle: box.id, before: pick(box, Object.keys(after)), after };
    });
    return commit(steps.filter(({ before, after }) => Object.keys(wireFields(before, after)).length));
  };

  const actions = {
    commit, selected,

    draw(box) {
      const id = uuid();
      const after = { ...box, label_class: editor.activeClass, ...pick({}, ["outline", "ecd_px", "ecd_nm"]) };
      if (commit([{ particle: id, before: null, after }], { fits: editor.autoFit }) === false) return null;
      editor.selection.set(id);
      return id;
    },

    moveBy(boxes, dx, dy) {
      if (!dx && !dy) return;
      const at = ({ x, y, width, height, ecd_px, ecd_nm, outline }) => ({
        x: x + dx, y: y + dy, width, height, ecd_px, ecd_nm,
        outline: outline && outline.map((value, i) => value + (i % 2 ? dy : dx)),
      });
      return change(boxes, at);
    },

    nudge(dx, dy) {
      const boxes = selected();
      return actions.moveBy(boxes, ...clampedMove(boxes, dx, dy, editor.frameSize()));
    },

    resize(id, { x, y, width, height }) {
      const box = editor.store.get(id);
      if (!box || (box.width === width && box.height === height && box.x === x && box.y === y)) return;
      return change([box], () => ({ ...pick({}, SHAPE), x, y, width, height }));
    },

    relabel(labelClass) {
      return change(selected(), () => ({ label_class: labelClass }));
    },

    remove(boxes = selected()) {
      const steps = boxes.map((box) => ({ particle: box.id, before: box, after: null }));
      const done = commit(steps);
      if (done !== false) editor.selection.set();
      return done;
    },

    duplicate() {
      const boxes = selected();
      const offset = Math.max(2, COPY_OFFSET_PX / editor.scale());
      let [dx, dy] = clampedMove(boxes, offset, offset, editor.frameSize());
      if (!dx && !dy) [dx, dy] = clampedMove(boxes, -offset, -offset, editor.frameSize());
      const steps = boxes.map((box) => {
        const outline = box.outline && box.outline.map((value, i) => value + (i % 2 ? dy : dx));
        const after = { ...pick(box, [...SHAPE, "label_class"]), x: box.x + dx, y: box.y + dy, outline };
        return { particle: uuid(), before: null, after };
      });
      const done = commit(steps);
      if (done !== false) editor.selection.set(...steps.map(({ particle }) => particle));
      return done;
    },

    // The outline of what is in each selected box, found by the server on the original pixels.
    fit() {
      const boxes = selected();
      if (!boxes.length || !editor.mayEdit) return false;
      for (const box of boxes) {
        const group = uuid();
        editor.history.commit({ group, steps: [] });
        editor.ledger.add(fitEntry(box.id, group));
      }
      editor.announce(boxes.length === 1 ? "Fitting the outline" : `Fitting ${boxes.length} outlines`);
    },

    takeBack(isRedo) {
      const gesture = editor.history.next(isRedo);
      if (!gesture || !editor.mayEdit || !editor.session.isLoaded) return editor.announce(isRedo ? "Nothing to redo." : "Nothing to undo.");
      const group = uuid();
      const steps = inverse(gesture.steps);
      editor.batch(() => {
        for (const step of steps) {
          if (!step.layer || step.layer === editor.session.layer) applyStep(editor.session, step);
          else editor.suggestions.apply(step, group);
        }
      });
      editor.history.commit({ group, undoes: gesture.group, steps });
      editor.selection.keep(editor.store.has);
      editor.announce(isRedo ? "Redone" : "Undone");
      return editor.ledger.add(edit({ id: uuid(), group, action: "undo", undoes: gesture.group }));
    },
  };
  return actions;
}
