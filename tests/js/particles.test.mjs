import assert from "node:assert/strict";
import { test } from "node:test";

import { createHistory, gesturesFrom, inverse } from "../../static/js/canvas/history.js";
import { createParticleStore } from "../../static/js/canvas/particle_store.js";
import { createSelection } from "../../static/js/canvas/selection.js";
import { applyStep, wireFields } from "../../static/js/editor/steps.js";
import { uuid, withHyphens } from "../../static/js/lib/uuid.js";

const place = (id, over = {}) => ({ id, version: 1, x: 10, y: 20, width: 30, height: 40, label_class: 1, ...over });

test("a store gives back what was put, finds it by place, and forgets what is removed", () => {
  const store = createParticleStore(1000, 1000);
  store.put(place("a"), place("b", { x: 500 }));
  store.put({ id: "a", x: 700 });
  assert.equal(store.get("a").x, 700);
  assert.equal(store.get("a").ecd_nm, null);
  assert.deepEqual(store.at(710, 30).map((slot) => store.ids[slot]), ["a"]);
  assert.deepEqual(store.at(15, 30), []);
  store.remove("a");
  assert.equal(store.get("a"), null);
  assert.equal(store.count, 1);
});

test("a look at a part and a look at nearly all find the same boxes, none twice, none that is gone", () => {
  const store = createParticleStore(1000, 800);
  for (let i = 0; i < 3000; i++) store.put(place(`p${i}`, { x: (i * 37) % 950, y: (i * 91) % 750, width: 5 + (i % 60) }));
  for (let i = 0; i < 3000; i += 7) store.remove(`p${i}`);
  const seen = (left, top, right, bottom) => {
    const found = [];
    store.query(left, top, right, bottom, (slot) => found.push(store.ids[slot]));
    return found.sort();
  };
  const expected = (left, top, right, bottom) => store.ids.filter((id, slot) => id !== null
    && store.x[slot] <= right && store.y[slot] <= bottom
    && store.x[slot] + store.width[slot] >= left && store.y[slot] + store.height[slot] >= top).sort();
  for (const rect of [[0, 0, 1000, 800], [100, 50, 900, 700], [400, 300, 500, 380], [10, 10, 10, 10]]) {
    assert.deepEqual(seen(...rect), expected(...rect));
  }
  assert.equal(store.longest, 64);
});

test("the smallest of nested boxes comes first", () => {
  const store = createParticleStore(1000, 1000);
  store.put(place("large", { x: 0, y: 0, width: 300, height: 300 }), place("small", { x: 100, y: 100 }));
  assert.deepEqual(store.at(110, 110).map((slot) => store.ids[slot]), ["small", "large"]);
});

test("five thousand from the API's columns are loaded and queried quickly", () => {
  const store = createParticleStore(4096, 4096);
  const n = 5000;
  const column = (make) => Array.from({ length: n }, (_, i) => make(i));
  const columns = {
    n, id: column((i) => i.toString(16).padStart(32, "0")), version: column(() => 1), label_class: column(() => null),
    x: column((i) => (i * 37) % 4000), y: column((i) => (i * 91) % 4000), width: column(() => 20), height: column(() => 20),
    confidence: column(() => null), origin: column(() => "drawn"), decision: column(() => "pending"), ecd_px: column(() => null), ecd_nm: column(() => null),
  };
  store.load(columns);
  assert.equal(store.count, n);
  assert.equal(store.get(withHyphens(columns.id[7])).label_class, null);
  let found = 0;
  const start = performance.now();
  for (let i = 0; i < 100; i++) store.query(0, 0, 4096, 4096, () => (found += 1));
  assert.equal(found, 100 * n);
  assert.ok((performance.now() - start) / 100 < 5, "one query of all must cost under 5 ms");
});

test("undo and redo walk through gestures, and a new one ends the redo", () => {
  const history = createHistory();
  for (const group of ["a", "b"]) history.commit({ group, steps: [] });
  history.commit({ group: "u", undoes: "b", steps: [] });
  assert.equal(history.next(false).group, "a");
  assert.equal(history.next(true).group, "u");
  history.commit({ group: "r", undoes: "u", steps: [] });
  assert.equal(history.next(false).group, "r");
  assert.equal(history.canRedo, false);
  history.commit({ group: "u2", undoes: "r", steps: [] });
  history.commit({ group: "c", steps: [] });
  assert.equal(history.canRedo, false);
  assert.deepEqual([history.next(false).group, history.depth], ["c", 2]);
});

test("history made from the server's rows equals the one that made them, whatever was done", () => {
  let seed = 5;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const live = createHistory();
  const rows = [];
  for (let i = 0; i < 400; i++) {
    const isRedo = random() < 0.5;
    const target = random() < 0.6 ? live.next(isRedo) : null;
    const hex = i.toString(16).padStart(32, "0");
    const gesture = { group: withHyphens(hex), undoes: target?.group ?? null, steps: [] };
    live.commit(gesture);
    rows.push([i, 1, hex, target ? target.group.replaceAll("-", "") : null, "change", hex, {}, {}]);
  }
  const rebuilt = createHistory();
  rebuilt.load(gesturesFrom(rows, withHyphens));
  for (let i = 0; i < 400 && live.canUndo; i++) {
    assert.equal(rebuilt.next(false).group, live.next(false).group);
    assert.equal(rebuilt.next(true)?.group, live.next(true)?.group);
    for (const history of [live, rebuilt]) history.commit({ group: `x${i}`, undoes: history.next(false).group, steps: [] });
  }
  assert.equal(rebuilt.canUndo, false);
});

test("steps and their inverse: shown at once, taken back exactly", () => {
  const session = { store: createParticleStore(1000, 1000), versions: new Map() };
  const outline = new Float32Array([10, 20, 40, 20, 40, 60]);
  session.store.put(place("a", { outline, ecd_px: 22 }));
  const before = session.store.get("a");
  const moved = { particle: "a", before: { x: 10 }, after: { x: 15 } };
  applyStep(session, moved);
  assert.deepEqual([...session.store.get("a").outline], [15, 20, 45, 20, 45, 60]);
  applyStep(session, { particle: "a", before: { width: 30 }, after: { width: 50 } });
  assert.equal(session.store.get("a").outline, null);
  assert.equal(session.store.get("a").ecd_px, null);
  const gone = { particle: "a", before, after: null };
  applyStep(session, gone);
  assert.equal(session.store.has("a"), false);
  applyStep(session, inverse([gone])[0]);
  const back = session.store.get("a");
  assert.deepEqual({ ...back, version: 0 }, { ...before, version: 0 });
  assert.equal(back.version, 5); // as the server counts: move, resize, delete, restore
});

test("only what changed goes over the wire, and no outline of a moved box", () => {
  assert.deepEqual(wireFields({ x: 1, y: 2, label_class: 3 }, { x: 5, y: 2, outline: new Float32Array(2) }), { x: 5 });
  assert.deepEqual(wireFields(null, { x: 1, outline: new Float32Array([1, 2, 3, 4]) }), { x: 1, outline: [[1, 2], [3, 4]] });
});

test("a selection keeps only what is there", () => {
  const selection = createSelection();
  let told = 0;
  selection.onChange(() => (told += 1));
  selection.set("a", "b");
  selection.toggle("b");
  assert.equal(selection.single, "a");
  selection.keep(() => false);
  assert.deepEqual([selection.size, told], [0, 3]);
});

test("UUIDs are of version 4, with and without a secure context", () => {
  const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  assert.match(uuid(), pattern);
  const { randomUUID } = crypto;
  Object.defineProperty(crypto, "randomUUID", { value: undefined, configurable: true });
  assert.match(uuid(), pattern);
  Object.defineProperty(crypto, "randomUUID", { value: randomUUID, configurable: true });
});

test("taking a decision back stays on the layer of suggestions", () => {
  const [step] = inverse([{ layer: 9, particle: "s", before: { decision: "pending" }, after: { decision: "accepted" } }]);
  assert.deepEqual(step, { layer: 9, particle: "s", before: { decision: "accepted" }, after: { decision: "pending" } });
});
