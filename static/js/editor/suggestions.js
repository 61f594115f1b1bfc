// What engines suggest on this frame: one layer at a time, seen from a confidence on, accepted or rejected.

import { createParticleStore } from "../canvas/particle_store.js";
import { createAlreadyThere } from "./already_there.js";
import { createSuggestionDecisions } from "./suggestion_decisions.js";
import { nextOf } from "./suggestion_order.js";
import { createSuggestionReading } from "./suggestion_reading.js";

const SHOWN_AT_FIRST = 0.25; // DEFAULT_CONFIDENCE of mlcore/inference/engine.py

export function createSuggestions(editor, api) {
  const listeners = new Set();
  const model = { layers: [], layer: null, store: null, threshold: SHOWN_AT_FIRST, selected: null, isShown: true, order: "place" };
  const own = new Set(); // groups of this tab: the feed tells nothing new of them
  let session = null;
  let nOwn = 0; // what this tab did so far: a reading that it overtook is out of date

  const changed = () => {
    if (model.selected && !isSeen(model.selected)) model.selected = null; // decided, below the threshold, or gone
    for (const listener of listeners) listener();
    editor.redraw();
  };
  const there = createAlreadyThere(() => model.store, () => editor.store);
  const boxesChanged = () => {
    there.forget();
    changed();
  };
  editor.on("particles", boxesChanged); // of the annotations
  const use = (store) => {
    model.store = store;
    there.forget();
    store.onChange(boxesChanged);
  };
  const newStore = () => use(createParticleStore(session?.frame.width_px ?? 1, session?.frame.height_px ?? 1));
  newStore();

  // Undecided; what an annotation says already is no work, though it stays undecided until all are accepted.
  const isPending = (slot) => model.store.decision[slot] === "pending";
  const isOpen = (slot) => isPending(slot) && !there.has(slot);
  const isBelow = (slot) => model.store.confidence[slot] < model.threshold;
  const isVisible = (slot) => isOpen(slot) && !isBelow(slot);
  const isAcceptable = (slot) => isPending(slot) && !isBelow(slot);
  const isRejectable = (slot) => isPending(slot) && isBelow(slot);
  const isSeen = (id) => {
    const slot = model.store.slot(id);
    return slot !== null && slot !== undefined && isVisible(slot);
  };
  const ids = (test) => {
    const found = [];
    model.store.each((slot) => test(slot) && found.push(model.store.ids[slot]));
    return found;
  };

  const { decide, isOnWay, forget, acknowledged } = createSuggestionDecisions({
    model, editor,
    isThere: there.has,
    getSession: () => session,
    onOwn: (group) => (own.add(group), (nOwn += 1)),
  });

  const reading = createSuggestionReading({
    model, editor, api, use, changed, isVisible,
    getSession: () => session,
    getOwn: () => nOwn,
  });

  return Object.assign(model, {
    isVisible, isOnWay,
    visibleIds: () => ids(isVisible),
    // `there`: undecided, but an annotation says it already; `known` those of them at or above the confidence.
    counts() {
      const n = (test) => ids(test).length;
      const [open, shown] = [n(isOpen), n(isVisible)];
      return { open, shown, below: n(isRejectable), there: n(isPending) - open, known: n(isAcceptable) - shown };
    },

    open(forSession, layers) {
      session = forSession;
      forget();
      Object.assign(model, { layers, selected: null });
      return model.choose(layers[0] ?? null).catch(editor.failed);
    },

    async choose(layer) {
      Object.assign(model, { layer, selected: null });
      newStore();
      changed();
      if (layer) await reading.first(layer);
    },

    // A run has made a new layer, or somebody decided elsewhere.
    reload: ({ isNewest = false } = {}) => reading.ask(isNewest),
    refresh: () => session && void reading.ask().catch(editor.failed),
    hear({ suggestions, group }) {
      if (suggestions === model.layer?.id && !own.has(group)) model.refresh();
    },

    setThreshold(value) {
      model.threshold = value;
      changed();
    },
    set(options) {
      Object.assign(model, options); // isShown, order
      changed();
    },
    at(x, y) {
      if (!model.isShown) return null;
      const slot = model.store.at(x, y).find(isVisible);
      return slot === undefined ? null : model.store.ids[slot];
    },
    select(id) {
      if (model.selected === id) return;
      model.selected = id;
      changed();
    },

    next: (from = model.selected) => nextOf(model.visibleIds().map(model.store.get), from && model.store.get(from), model.order),

    decideOne(decision, id = model.selected) {
      if (!id || !isSeen(id)) return;
      const next = model.next(id);
      decide(decision, [id], { suggestions: [id] });
      model.select(next === id ? null : next);
      if (model.selected) editor.reveal(model.store.get(model.selected));
    },
    acceptShown: () => decide("accepted", ids(isAcceptable), { min_confidence: model.threshold }),
    rejectBelow: () => decide("rejected", ids(isRejectable), { below_confidence: model.threshold }),

    // Undo or redo of a decision, before the server knows.
    apply(step, group) {
      own.add(group);
      nOwn += 1;
      if (step.layer === model.layer?.id && model.store.has(step.particle)) {
        model.store.put({ id: step.particle, decision: step.after.decision });
      }
    },
    // The server's word on a decision: fewer than were shown means that somebody else decided on the others.
    acknowledged(group, decided, alreadyThere) {
      nOwn += 1;
      const isAsShown = acknowledged(group, decided, alreadyThere);
      changed();
      if (!isAsShown) model.refresh();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  });
}
