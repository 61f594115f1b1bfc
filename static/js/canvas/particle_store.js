// The particles of one layer: typed arrays by slot, found by id and by place. Knows no DOM.
//
// A particle as an object: {id, version, label_class, x, y, width, height, confidence, origin, decision, ecd_px,
// ecd_nm, outline}. A slot is given once. `longest`: no side of a box was ever longer.

import { withHyphens } from "../lib/uuid.js";
import { createSpatialIndex } from "./spatial_index.js";

const NUMBERS = ["x", "y", "width", "height", "confidence", "ecd_px", "ecd_nm", "version", "label_class"];
const WORDS = ["origin", "decision"];

export function createParticleStore(imageWidth, imageHeight) {
  let capacity = 1024;
  const store = { size: 0, count: 0, ids: [], outlines: [], origin: [], decision: [], revision: 0, longest: 0 };
  const slots = new Map(); // id -> slot
  const listeners = new Set();
  let index = createSpatialIndex(imageWidth, imageHeight);
  for (const name of NUMBERS) store[name] = new Float64Array(capacity);
  store.hidden = new Uint8Array(capacity); // being dragged: painted elsewhere

  const grow = () => {
    capacity *= 2;
    for (const name of [...NUMBERS, "hidden"]) {
      const larger = new store[name].constructor(capacity);
      larger.set(store[name]);
      store[name] = larger;
    }
  };
  const place = (slot, method) => {
    store.longest = Math.max(store.longest, store.width[slot], store.height[slot]);
    index[method](slot, store.x[slot], store.y[slot], store.width[slot], store.height[slot]);
  };
  const write = (slot, values) => {
    for (const name of NUMBERS) {
      if (!(name in values)) continue;
      const empty = name === "label_class" ? 0 : NaN;
      store[name][slot] = values[name] ?? empty;
    }
    for (const name of WORDS) if (name in values) store[name][slot] = values[name];
    if ("outline" in values) store.outlines[slot] = values.outline;
  };
  const append = (values) => {
    if (store.size === capacity) grow();
    const slot = store.size++;
    for (const name of ["confidence", "ecd_px", "ecd_nm"]) store[name][slot] = NaN;
    store.version[slot] = store.label_class[slot] = store.hidden[slot] = 0;
    store.ids[slot] = values.id;
    store.outlines[slot] = null;
    store.origin[slot] = "drawn";
    store.decision[slot] = "pending";
    write(slot, values);
    slots.set(values.id, slot);
    place(slot, "insert");
    store.count += 1;
  };
  const changed = () => {
    store.revision += 1;
    for (const listener of listeners) listener();
  };

  return Object.assign(store, {
    has: (id) => slots.has(id),
    slot: (id) => slots.get(id),

    get(id) {
      const slot = slots.get(id);
      if (slot === undefined) return null;
      const found = { id, outline: store.outlines[slot], origin: store.origin[slot], decision: store.decision[slot] };
      for (const name of NUMBERS) found[name] = Number.isNaN(store[name][slot]) ? null : store[name][slot];
      found.label_class ||= null;
      return found;
    },

    // Adds or changes; several at once redraw and recount once.
    put(...many) {
      if (!many.length) return;
      for (const values of many) {
        const slot = slots.get(values.id);
        if (slot === undefined) append(values);
        if (slot === undefined) continue;
        place(slot, "remove");
        write(slot, values);
        place(slot, "insert");
      }
      changed();
    },

    remove(...ids) {
      if (!ids.length) return;
      for (const id of ids) {
        const slot = slots.get(id);
        if (slot === undefined) continue;
        place(slot, "remove");
        slots.delete(id);
        store.ids[slot] = null;
        store.outlines[slot] = null;
        store.count -= 1;
      }
      changed();
    },

    // All particles anew, from the API's columns; outlines follow with `setOutlines`.
    load(columns) {
      slots.clear();
      index = createSpatialIndex(imageWidth, imageHeight);
      Object.assign(store, { size: 0, count: 0, ids: [], outlines: [], longest: 0 });
      const names = [...NUMBERS, ...WORDS];
      for (let i = 0; i < columns.n; i++) {
        const values = { id: withHyphens(columns.id[i]) };
        for (const name of names) values[name] = columns[name][i];
        append(values);
      }
      changed();
    },

    setOutlines(ids, outlines) {
      ids.forEach((id, i) => {
        const slot = slots.get(withHyphens(id));
        if (slot !== undefined) store.outlines[slot] = outlines[i];
      });
      changed();
    },

    // visit(slot) for each particle that touches the rectangle.
    query(left, top, right, bottom, visit) {
      const { x, y, width, height } = store;
      index.query(left, top, right, bottom, (slot) => {
        if (x[slot] > right || y[slot] > bottom || x[slot] + width[slot] < left || y[slot] + height[slot] < top) return;
        visit(slot);
      });
    },

    // Slots under a point, the smallest box first.
    at(px, py) {
      const found = [];
      this.query(px, py, px, py, (slot) => found.push(slot));
      return found.sort((a, b) => store.width[a] * store.height[a] - store.width[b] * store.height[b]);
    },

    each(visit) {
      for (let slot = 0; slot < store.size; slot++) if (store.ids[slot] !== null) visit(slot);
    },

    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  });
}
