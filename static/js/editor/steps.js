// Steps {particle, before, after} on a store: what is shown at once, before the server knows. null is “not there”.

import { movedOutline } from "../canvas/outline.js";

const BOX = ["x", "y", "width", "height"];
const NO_SIZE = { outline: null, ecd_px: null, ecd_nm: null };

// As annotations/services/projection.py: a moved box takes its outline along, a resized one loses it.
export function withOutline(known, after) {
  if ("outline" in after || !BOX.some((name) => name in after)) return after;
  if (after.has_outline === false) return { ...after, ...NO_SIZE };
  const to = { ...known, ...after };
  if (to.width !== known.width || to.height !== known.height) return { ...after, ...NO_SIZE };
  return { ...after, outline: movedOutline(known.outline, to.x - known.x, to.y - known.y) };
}

export function applyStep({ store, versions }, { particle, after }) {
  const known = store.get(particle);
  if (!after) {
    if (!known) return;
    versions.set(particle, known.version + 1);
    store.remove(particle);
    return;
  }
  const version = (known?.version ?? versions.get(particle) ?? 0) + 1;
  const values = known ? withOutline(known, after) : { origin: "drawn", ...after };
  store.put({ ...values, id: particle, version });
}

// The part of a step that goes over the wire: what changed of what a client may write.
export function wireFields(before, after) {
  const fields = {};
  for (const name of [...BOX, "label_class"]) {
    if (name in after && (!before || before[name] !== after[name])) fields[name] = after[name];
  }
  if (!before && after.outline) {
    fields.outline = [];
    for (let i = 0; i < after.outline.length; i += 2) fields.outline.push([after.outline[i], after.outline[i + 1]]);
  }
  return fields;
}
