// What engines suggest on this frame: one layer at a time, seen from a confidence on, accepted or rejected.

import { createParticleStore } from "../canvas/particle_store.js";
import { uuid } from "../lib/uuid.js";
import { nextOf } from "./suggestion_order.js";
import { createSuggestionReading } from "./suggestion_reading.js";

const SHOWN_AT_FIRST = 0.25; // DEFAULT_CONFIDENCE of mlcore/inference/engine.py

export function createSuggestions(editor, api) {
  const listeners = new Set();
  const model = { layers: [], layer: null, store: null, threshold: SHOWN_AT_FIRST, selected: null, isShown: true, order: "place" };
  const own = new Set(); // groups of this tab: the feed tells nothing new of them
  let session = null;
  let onWay = new Map(); // group -> ids decided, not yet acknowledged
  let nOwn = 0; // what this tab did so far: a reading that it overtook is out of date

  const changed = () => {
    if (model.selected && !isSeen(model.selected)) model.selected = null; // decided, below the threshold, or gone
    for (const listener of listeners) listener();
    editor.redraw();
  };
  const use = (store) => {
    model.store = store;
    store.onChange(changed);
  };
  const newStore = () => use(createParticleStore(session?.frame.width_px ?? 1, session?.frame.height_px ?? 1));
  newStore();

  const isOpen = (slot) => model.store.decision[slot] === "pending";
  const isVisible = (slot) => {
    const confidence = model.store.confidence[slot];
    return isOpen(slot) && !(confidence < model.threshold);
  };
  const isSeen = (id) => {
    const slot = model.store.slot(id);
    return slot !== null && slot !== undefined && isVisible(slot);
  };
  const ids = (test) => {
    const found = [];
    model.store.each((slot) => test(slot) && found.push(model.store.ids[slot]));
    return found;
  };
  const below = (slot) => isOpen(slot) && model.store.confidence[slot] < model.threshold;

  const decide = (decision, chosen, which) => {
    if (!chosen.length || !editor.mayEdit) return;
    const group = uuid();
    const steps = chosen.map((particle) => ({
      layer: model.layer.id, particle, before: { decision: model.store.get(particle).decision }, after: { decision },
    }));
    onWay.set(group, new Set(chosen));
    own.add(group);
    nOwn += 1;
    model.store.put(...chosen.map((id) => ({ id, decision })));
    editor.history.commit({ group, steps });
    const url = `/api/v1/layers/${model.layer.id}/decisions/`;
    editor.ledger.add({ id: group, layer: session.layer, kind: "decisions", url, body: { group, decision, ...which } });
    const verb = decision === "accepted" ? "accepted" : "rejected";
    editor.announce(`${chosen.length === 1 ? "Suggestion" : `${chosen.length} suggestions`} ${verb}`);
  };

  const reading = createSuggestionReading({
    model, editor, api, use, changed, isVisible,
    getSession: () => session,
    getOwn: () => nOwn,
  });

  return Object.assign(model, {
    isVisible,
    isBelow: below,
    isOnWay: (slot) => model.store.decision[slot] === "accepted" && [...onWay.values()].some((some) => some.has(model.store.ids[slot])),
    visibleIds: () => ids(isVisible),
    counts: () => ({ open: ids(isOpen).length, shown: ids(isVisible).length, below: ids(below).length }),

    open(forSession, layers) {
      session = forSession;
      onWay = new Map();
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
    acceptShown: () => decide("accepted", model.visibleIds(), { min_confidence: model.threshold }),
    rejectBelow: () => decide("rejected", ids(below), { below_confidence: model.threshold }),

    // Undo or redo of a decision, before the server knows.
    apply(step, group) {
      own.add(group);
      nOwn += 1;
      if (step.layer === model.layer?.id && model.store.has(step.particle)) {
        model.store.put({ id: step.particle, decision: step.after.decision });
      }
    },
    // The server's word on a decision: fewer than were shown means that somebody else decided on the others.
    acknowledged(group, decided) {
      const some = onWay.get(group);
      nOwn += 1;
      onWay.delete(group);
      changed();
      if (some?.size !== decided) model.refresh();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  });
}
