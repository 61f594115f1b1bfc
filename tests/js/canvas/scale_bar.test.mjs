import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseBar, lengthText, roundLength } from "../../../static/js/canvas/scale_bar.js";

test("lengths are 1, 2 or 5 times a power of ten, the largest that fits", () => {
  const cases = [[1, 1], [1.99, 1], [2, 2], [4.9, 2], [5, 5], [9.99, 5], [10, 10], [730, 500], [0.3, 0.2], [0.05, 0.05]];
  for (const [limit, expected] of cases) assert.equal(roundLength(limit), expected);
  for (const nonsense of [0, -1, NaN, Infinity]) assert.equal(roundLength(nonsense), 0);
});

test("the unit is the one people use at that size", () => {
  const cases = [[0.5, "500 pm"], [1, "1 nm"], [200, "200 nm"], [1000, "1 µm"], [5e4, "50 µm"], [2e6, "2 mm"]];
  for (const [nm, text] of cases) assert.equal(lengthText(nm), text);
});

test("the bar is as long on the screen as its text says", () => {
  for (const scale of [0.01, 0.137, 0.5, 1, 3.3, 64]) {
    for (const pixelSizeNm of [0.0123, 0.25, 5.302, 840]) {
      const bar = chooseBar({ scale, viewWidth: 1000, pixelSizeNm });
      const [number, unit] = bar.text.split(" ");
      const nm = Number(number) * { pm: 1e-3, nm: 1, µm: 1e3, mm: 1e6 }[unit];
      assert.ok(Math.abs((bar.widthPx / scale) * pixelSizeNm - nm) < 1e-6 * nm);
      assert.ok(bar.widthPx <= 220.001 && bar.widthPx > 220 / 2.6);
    }
  }
});

test("without a calibration it is in px and never in nm", () => {
  const bar = chooseBar({ scale: 0.25, viewWidth: 1000 });
  assert.deepEqual(bar, { widthPx: 125, text: "500 px" });
  assert.equal(chooseBar({ scale: 64, viewWidth: 1000 }).text, "2 px");
  assert.equal(chooseBar({ scale: 64, viewWidth: 100 }), null); // not a fraction of a pixel
});

test("unequal pixels: the bar lies along x and says so", () => {
  const bar = chooseBar({ scale: 1, viewWidth: 1000, pixelSizeNm: 0.5, isAnisotropic: true });
  assert.equal(bar.text, "100 nm along x");
});
