import assert from "node:assert/strict";
import { test } from "node:test";
import { fromShares, readShares, toShares, writeShares } from "../../../static/js/canvas/contrast_store.js";
import {
  applyLut, buildLut, dragged, fullWindow, legalWindow, percentileWindow, stepped,
} from "../../../static/js/canvas/window_level.js";

const frame = (over = {}) => ({
  value_offset: 0, value_step: 1, value_min: 0, value_max: 65535,
  percentiles: { "0.1": 900, "0.5": 1000, 1: 1100, 50: 2000, 99: 2900, "99.5": 3000, "99.9": 3100 },
  ...over,
});
const grey = (word) => word & 255;
const opened = (contrast, over) => buildLut({ gamma: 1, invert: false, ...contrast }, frame(over));

test("black at low, white at high, linear between, opaque everywhere", () => {
  const lut = opened({ low: 1000, high: 3000 });
  assert.equal(lut.length, 65536);
  assert.deepEqual([0, 999, 1000, 2000, 3000, 65535].map((code) => grey(lut[code])), [0, 0, 0, 128, 255, 255]);
  for (const word of [lut[0], lut[2345], lut[65535]]) {
    assert.equal(word >>> 24, 255);
    assert.equal((word >> 8) & 255, grey(word));
    assert.equal((word >> 16) & 255, grey(word));
  }
});

test("every one of 256 greys is used and none falls back", () => {
  const lut = opened({ low: 200, high: 4295 });
  const seen = new Set();
  for (let code = 0; code < 65536; code++) {
    seen.add(grey(lut[code]));
    if (code) assert.ok(grey(lut[code]) >= grey(lut[code - 1]));
  }
  assert.equal(seen.size, 256);
});

test("gamma above 1 brightens the middle and leaves the ends", () => {
  const lut = opened({ low: 0, high: 1000, gamma: 2 });
  assert.equal(grey(lut[0]), 0);
  assert.equal(grey(lut[250]), 128); // 255 * sqrt(1/4)
  assert.equal(grey(lut[1000]), 255);
});

test("inverting is the mirror of the same curve", () => {
  const [plain, inverted] = [false, true].map((invert) => opened({ low: 100, high: 900, gamma: 1.7, invert }));
  for (let code = 0; code < 65536; code += 13) {
    assert.ok(Math.abs(grey(plain[code]) + grey(inverted[code]) - 255) <= 1);
  }
});

test("values, not codes, set the window", () => {
  const lut = opened({ low: -1, high: 1 }, { value_offset: -2, value_step: 0.001, value_min: -2, value_max: 63 });
  assert.equal(grey(lut[1000]), 0);
  assert.equal(grey(lut[2000]), 128);
  assert.equal(grey(lut[3000]), 255);
});

test("a window of no width or beyond all codes is still a table", () => {
  assert.equal(grey(opened({ low: 500, high: 500 })[499]), 0);
  assert.equal(grey(opened({ low: 500, high: 500 })[501]), 255);
  assert.equal(grey(opened({ low: -500, high: -100 })[0]), 255);
  assert.equal(grey(opened({ low: 1e6, high: 2e6 })[65535]), 0);
});

test("a table colours a tile pixel by pixel", () => {
  const pixels = new Uint32Array(4);
  applyLut(Uint16Array.of(0, 2000, 3000, 65535), opened({ low: 1000, high: 3000 }), pixels);
  assert.deepEqual([...pixels].map(grey), [0, 128, 255, 255]);
});

test("automatic contrast leaves out the asked share at each end", () => {
  assert.deepEqual(percentileWindow(frame()), { low: 1000, high: 3000 });
  assert.deepEqual(percentileWindow(frame(), 0.1), { low: 900, high: 3100 });
  assert.deepEqual(percentileWindow(frame(), 1), { low: 1100, high: 2900 });
});

test("an image of one value, or nearly, has a window all the same", () => {
  const flat = frame({ percentiles: { "0.5": 7, "99.5": 7 }, value_min: 7, value_max: 7 });
  assert.deepEqual(percentileWindow(flat), { low: 7, high: 8 });
  const spots = frame({ percentiles: { "0.5": 7, "99.5": 7 }, value_min: 7, value_max: 90 });
  assert.deepEqual(percentileWindow(spots), fullWindow(spots));
});

test("whatever is asked for, the window is legal", () => {
  assert.deepEqual(legalWindow({ low: 9, high: 3, gamma: 99, invert: 1 }, frame()), {
    low: 3, high: 9, gamma: 10, invert: true,
  });
  assert.deepEqual(legalWindow({ low: NaN, high: 3, gamma: NaN }, frame()), {
    low: 1000, high: 3000, gamma: 1, invert: false,
  });
  assert.equal(legalWindow({ low: 5, high: 5, gamma: 1 }, frame()).high, 6);
});

test("a drag to the right widens, upwards brightens, and never turns round", () => {
  const start = { low: 1000, high: 2000, gamma: 1, invert: false };
  assert.deepEqual(dragged(start, 100, 0, 1000), { ...start, low: 900, high: 2100 });
  const up = dragged(start, 0, -50, 1000);
  assert.deepEqual([up.low, up.high], [900, 1900]); // the same value is shown brighter
  const far = dragged(start, -1e6, 0, 1000);
  assert.ok(far.high > far.low);
});

test("what a user left is the same contrast on a frame of other exposure", () => {
  const shares = toShares({ low: 1500, high: 3000, gamma: 1.5, invert: true }, frame());
  assert.deepEqual(shares, { low: 0.25, high: 1, gamma: 1.5, invert: true });
  const brighter = frame({ percentiles: { "0.5": 2000, "99.5": 6000 } });
  assert.deepEqual(fromShares(shares, brighter), { low: 3000, high: 6000, gamma: 1.5, invert: true });
});

test("storage is per user and project, and its failures are no trouble", () => {
  const kept = new Map();
  const storage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
  const owner = { userId: 1, projectId: 2 };
  const shares = { low: 0, high: 1, gamma: 1, invert: false };
  writeShares(owner, shares, storage);
  assert.deepEqual(readShares(owner, storage), shares);
  assert.equal(readShares({ userId: 2, projectId: 2 }, storage), null);
  assert.equal(readShares({ userId: 1, projectId: 3 }, storage), null);
  kept.set("contrast:1:2", '{"low": "x"}');
  assert.equal(readShares(owner, storage), null);
  const broken = { getItem() { throw new Error("off"); }, setItem() { throw new Error("full"); } };
  assert.equal(readShares(owner, broken), null);
  writeShares(owner, shares, broken);
});

test("keys move the level, widen the window about its middle and change gamma, each way back as far", () => {
  const start = { low: 1000, high: 2000, gamma: 1, invert: true };
  assert.deepEqual(stepped(start, { level: 1 }), { low: 1050, high: 2050, gamma: 1 });
  const wide = stepped(start, { width: 1 });
  assert.ok(Math.abs(wide.low - 950) < 1e-9 && Math.abs(wide.high - 2050) < 1e-9);
  const back = stepped(wide, { width: -1 });
  assert.ok(Math.abs(back.low - 1000) < 1e-9 && Math.abs(back.high - 2000) < 1e-9);
  assert.ok(Math.abs(stepped(start, { gamma: 1 }).gamma * stepped(start, { gamma: -1 }).gamma - 1) < 1e-12);
});
