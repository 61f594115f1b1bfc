// Undo and redo of one's own gestures, without limit. Knows no DOM.
//
// A gesture is {group, undoes, steps: [{particle, before, after}], layers}: what it did to each particle, in order.
// Taking it back is a gesture too, with `undoes`; so is redoing it. That is all that the server stores, and from
// which `load` makes both stacks again after a reload.

export function createHistory(onChange = () => {}) {
  let past = []; // gestures that can be undone, the newest last
  let future = []; // undoings that can be redone, the newest last

  const record = (gesture) => {
    if (!gesture.undoes) {
      past.push(gesture);
      future = [];
      return;
    }
    const inPast = past.findLastIndex(({ group }) => group === gesture.undoes);
    if (inPast >= 0) {
      past.splice(inPast, 1);
      future.push(gesture);
      return;
    }
    const inFuture = future.findLastIndex(({ group }) => group === gesture.undoes);
    if (inFuture >= 0) future.splice(inFuture, 1);
    past.push(gesture);
  };

  return {
    get canUndo() {
      return past.length > 0;
    },
    get canRedo() {
      return future.length > 0;
    },
    get depth() {
      return past.length;
    },
    // The gesture that undo, or redo, would take back.
    next: (isRedo) => (isRedo ? future : past).at(-1) ?? null,

    commit(gesture) {
      record(gesture);
      onChange();
    },

    // A later step of a gesture that is there: a fit that belongs to the box just drawn.
    extend(group, step) {
      const gesture = past.findLast((one) => one.group === group);
      gesture?.steps.push(step);
    },

    // The server refused all of it: as if it had never been.
    drop(group) {
      past = past.filter((gesture) => gesture.group !== group);
      future = future.filter((gesture) => gesture.group !== group);
      onChange();
    },

    // Rows of the server's history, oldest first, then what this tab did meanwhile.
    load(gestures) {
      const since = [...past, ...future];
      const known = new Set(gestures.map(({ group }) => group));
      past = [];
      future = [];
      for (const gesture of [...gestures, ...since.filter(({ group }) => !known.has(group))]) record(gesture);
      onChange();
    },
  };
}

// The steps that take a gesture's steps back.
export function inverse(steps) {
  return steps.map((step) => ({ ...step, before: step.after, after: step.before })).reverse();
}

// Rows [key, layer, group, undoes, action, particle, before, after] as gestures.
export function gesturesFrom(rows, hyphenate) {
  const gestures = new Map();
  for (const [, layer, group, undoes, , particle, before, after] of rows) {
    const id = hyphenate(group);
    if (!gestures.has(id)) gestures.set(id, { group: id, undoes: undoes && hyphenate(undoes), steps: [] });
    gestures.get(id).steps.push({ layer, particle: hyphenate(particle), before, after });
  }
  return [...gestures.values()];
}
