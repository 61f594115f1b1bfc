// What engines suggest on this frame: one layer at a time, seen from a confidence on, accepted or rejected.

import { createParticleStore } from "../canvas/particle_store.js";
import { unpackOutline } from "../canvas/outline.js";
import { readingOrder } from "../canvas/geometry.js";
import { uuid } from "../lib/uuid.js";

const SHOWN_AT_FIRST = 0.25; // DEFAULT_CONFIDENCE of mlcore/inference/engine.py

export function createSuggestions(editor, api) {
  const listeners = new Set();
  const model = { layers: [], layer: null, store: null, threshold: SHOWN_AT_FIRST, selected: null, isShown: true, order: "place" };
  let session = null;
  let onWay = new Map(); // group -> ids decided, not yet acknowledged

  const changed = () => {
    for (const listener of listeners) listener();
    editor.redraw();
  };
  const newStore = () => {
    model.store = createParticleStore(session?.frame.width_px ?? 1, session?.frame.height_px ?? 1);
    model.store.onChange(changed);
  };
  newStore();

  const isOpen = (slot) => model.store.decision[slot] === "pending";
  const isVisible = (slot) => {
    const confidence = model.store.confidence[slot];
    return isOpen(slot) && !(confidence < model.threshold);
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
    model.store.put(...chosen.map((id) => ({ id, decision })));
    editor.history.commit({ group, steps });
    const url = `/api/v1/layers/${model.layer.id}/decisions/`;
    editor.ledger.add({ id: group, layer: session.layer, kind: "decisions", url, body: { group, decision, ...which } });
    const verb = decision === "accepted" ? "accepted" : "rejected";
    editor.announce(`${chosen.length === 1 ? "Suggestion" : `${chosen.length} suggestions`} ${verb}`);
  };

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
      return model.choose(layers[0] ?? null);
    },

    async choose(layer) {
      Object.assign(model, { layer, selected: null });
      newStore();
      changed();
      if (!layer) return;
      const [store, url] = [model.store, `/api/v1/layers/${layer.id}/particles/`];
      store.load(await api("GET", url));
      const { id, outline } = await api("GET", `${url}?outlines=1`);
      store.setOutlines(id, outline.map(unpackOutline));
    },

    // A run has made a new layer, or somebody decided elsewhere.
    async reload({ isNewest = false } = {}) {
      const of = session;
      const layers = await api("GET", `/api/v1/layers/?frame=${of.frame.id}`);
      if (of !== session) return;
      model.layers = layers.filter(({ kind }) => kind === "suggestion");
      const same = model.layers.find(({ id }) => id === model.layer?.id);
      await model.choose(isNewest || !same ? (model.layers[0] ?? null) : same);
    },

    setThreshold(value) {
      model.threshold = value;
      const slot = model.selected && model.store.slot(model.selected);
      if (slot !== null && slot !== undefined && !isVisible(slot)) model.selected = null;
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

    // The next open one: by place, or the least certain first.
    next(from = model.selected) {
      const boxes = model.visibleIds().map((id) => model.store.get(id));
      if (!boxes.length) return null;
      if (model.order === "uncertainty") {
        const doubt = (box) => Math.abs((box.confidence ?? 0.5) - 0.5);
        return boxes.filter(({ id }) => id !== from).sort((a, b) => doubt(a) - doubt(b))[0]?.id ?? boxes[0].id;
      }
      const known = from && model.store.get(from);
      const all = readingOrder(known && !boxes.some(({ id }) => id === from) ? [...boxes, known] : boxes);
      return all[(all.findIndex(({ id }) => id === from) + 1) % all.length].id;
    },

    decideOne(decision, id = model.selected) {
      const slot = id && model.store.slot(id);
      if (slot === null || slot === undefined || !isVisible(slot)) return;
      const next = model.next(id);
      decide(decision, [id], { suggestions: [id] });
      model.select(next === id ? null : next);
      if (model.selected) editor.reveal(model.store.get(model.selected));
    },
    acceptShown: () => decide("accepted", model.visibleIds(), { min_confidence: model.threshold }),
    rejectBelow: () => decide("rejected", ids(below), { below_confidence: model.threshold }),

    // Undo or redo of a decision, before the server knows.
    apply(step) {
      if (step.layer === model.layer?.id && model.store.has(step.particle)) {
        model.store.put({ id: step.particle, decision: step.after.decision });
      }
    },
    acknowledged(group) {
      onWay.delete(group);
      changed();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  });
}
