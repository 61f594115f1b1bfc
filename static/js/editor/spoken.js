// Says what was done to who cannot see it. The mouse's gestures say the same: nobody knows who listens.

const BAD = new Set(["conflict", "refused"]);

const told = (editor, done, boxes) => {
  const what = boxes.length === 1 ? editor.describe(boxes[0]) : `${boxes.length} boxes`;
  if (boxes.length) editor.announce(`${done}: ${what}`);
};

// The actions, each of which tells its outcome. An action gives false or nothing if nothing came of it.
export function spoken(editor, actions) {
  const { selected } = actions;
  const say = (result, done, boxes) => {
    if (result) told(editor, done, boxes);
    return result;
  };
  return {
    ...actions,

    nudge(dx, dy) {
      const result = actions.nudge(dx, dy);
      if (result === undefined) editor.announce("At the image's edge: it moves no further.");
      return say(result, "Moved", selected());
    },
    moveBy: (boxes, dx, dy) => say(actions.moveBy(boxes, dx, dy), "Moved", boxes.map(({ id }) => editor.store.get(id))),
    resize: (id, to) => say(actions.resize(id, to), "Resized", [editor.store.get(id)]),
    relabel: (labelClass) => say(actions.relabel(labelClass), "Class set", selected()),
    remove: (boxes = selected()) => say(actions.remove(boxes), "Deleted", boxes),
    duplicate: () => say(actions.duplicate(), "Copied", selected()),
  };
}

// What became of fits; why one was refused is said by its notice.
export function sayFitted(editor, { kind, layer, entries, answer }) {
  if (kind !== "fit" || layer !== editor.session.layer) return;
  const isFitted = new Map((answer?.results ?? []).map(({ id, status }) => [id, !BAD.has(status)]));
  const boxes = entries.filter(({ id }) => isFitted.get(id)).map(({ body }) => editor.store.get(body.particle)).filter(Boolean);
  if (boxes.length) told(editor, "Outline fitted", boxes);
  else editor.announce(""); // it is no longer being fitted
}
