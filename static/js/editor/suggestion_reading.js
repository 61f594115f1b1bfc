// Reading suggestions from the server: a layer for the first time, and what others did to it since.

import { createParticleStore } from "../canvas/particle_store.js";
import { unpackOutline } from "../canvas/outline.js";
import { createRefresher } from "./refresher.js";

// getOwn() counts what this tab did: a reading that it overtook is out of date.
export function createSuggestionReading({ model, editor, api, use, changed, isVisible, getSession, getOwn }) {
  let sequence = null; // of the layer in the store
  const urlOf = (layer) => `/api/v1/layers/${layer.id}/particles/`;

  const withOutlines = (store, { id, outline }) => store.setOutlines(id, outline.map(unpackOutline));

  const read = async (layer, { width_px: width, height_px: height }) => {
    const [columns, outlines] = await Promise.all([api("GET", urlOf(layer)), api("GET", `${urlOf(layer)}?outlines=1`)]);
    const store = createParticleStore(width, height);
    store.load(columns);
    withOutlines(store, outlines);
    return { store, sequence: columns.sequence };
  };

  const refresher = createRefresher(async (wantsNewest) => {
    const [of, shown, n] = [getSession(), model.layer, getOwn()];
    const layers = (await api("GET", `/api/v1/layers/?frame=${of.frame.id}`)).filter(({ kind }) => kind === "suggestion");
    if (of !== getSession()) return "done";
    const same = layers.find(({ id }) => id === shown?.id);
    const layer = wantsNewest || !same ? (layers[0] ?? null) : same;
    const isKnown = layer === null || (layer === same && layer.sequence === sequence);
    const found = isKnown ? null : await read(layer, of.frame);
    if (of !== getSession()) return "done";
    if (shown !== model.layer || n !== getOwn()) return "again";
    if (layer === same && editor.ledger.state.unsent) return "later";
    Object.assign(model, { layers, layer });
    if (found) {
      // In the place of what is shown, at once: the chosen one stays chosen, and a key pressed now means it.
      use(found.store);
      sequence = found.sequence;
    }
    const slot = model.selected && model.store.slot(model.selected);
    if (slot === undefined || (slot !== null && !isVisible(slot))) model.selected = null;
    changed();
    return "done";
  });
  editor.on("saved", ({ unsent }) => unsent || refresher.resume()?.catch(editor.failed));

  return {
    ask: refresher.ask,

    // Boxes first, outlines after.
    async first(layer) {
      const { store } = model;
      sequence = null;
      const columns = await api("GET", urlOf(layer));
      store.load(columns);
      if (store === model.store) sequence = columns.sequence;
      withOutlines(store, await api("GET", `${urlOf(layer)}?outlines=1`));
    },
  };
}
