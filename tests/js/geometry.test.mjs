import assert from "node:assert/strict";
import { test } from "node:test";

import { boxBetween, clampedMove, handleAt, HANDLES, readingOrder, resized } from "../../static/js/canvas/geometry.js";
import { sizeText } from "../../static/js/canvas/size_text.js";
import { createSpatialIndex } from "../../static/js/canvas/spatial_index.js";
import { movedOutline, unpackOutline } from "../../static/js/canvas/outline.js";

const frame = { width: 100, height: 80 };
const box = { x: 10, y: 20, width: 30, height: 40 };

test("a box is drawn from any corner and cut to the frame; a click draws none", () => {
  assert.deepEqual(boxBetween({ x: 40, y: 60 }, { x: 10, y: 20 }, frame), box);
  assert.deepEqual(boxBetween({ x: -5, y: 70 }, { x: 20, y: 95 }, frame), { x: 0, y: 70, width: 20, height: 10 });
  assert.equal(boxBetween({ x: 10, y: 10 }, { x: 11, y: 30 }, frame), null);
  assert.equal(boxBetween({ x: -20, y: 5 }, { x: -3, y: 40 }, frame), null);
});

test("each handle moves its own sides, stops at the frame and never turns the box inside out", () => {
  for (const handle of HANDLES) {
    for (const [dx, dy] of [[5, 5], [-500, -500], [500, 500]]) {
      const to = resized(box, handle, dx, dy, frame);
      assert.ok(to.width >= 2 && to.height >= 2);
      assert.ok(to.x >= 0 && to.y >= 0 && to.x + to.width <= 100 && to.y + to.height <= 80);
      if (handle[0] === 0.5) assert.deepEqual([to.x, to.width], [box.x, box.width]);
      if (handle[1] === 0.5) assert.deepEqual([to.y, to.height], [box.y, box.height]);
    }
  }
  assert.deepEqual(resized(box, HANDLES[0], 5, 5, frame), { x: 15, y: 25, width: 25, height: 35 });
});

test("boxes move together and none leaves the frame", () => {
  const other = { x: 60, y: 0, width: 10, height: 10 };
  assert.deepEqual(clampedMove([box, other], 500, 500, frame), [30, 20]);
  assert.deepEqual(clampedMove([box, other], -500, -500, frame), [-10, 0]);
  assert.deepEqual(clampedMove([box], 3, 4, frame), [3, 4]);
});

test("corners win over sides where handles are close", () => {
  assert.equal(handleAt(box, 10, 20, 3), 0);
  assert.equal(handleAt({ x: 0, y: 0, width: 4, height: 4 }, 2, 0, 3), 0);
  assert.equal(handleAt(box, 25, 40, 3), -1);
});

test("reading order goes by rows, then from the left", () => {
  const places = [[50, 2], [0, 0], [0, 40], [90, 4], [30, 41]].map(([x, y]) => ({ x, y, width: 10, height: 20 }));
  assert.deepEqual(readingOrder(places).map(({ x, y }) => [x, y]), [[0, 0], [50, 2], [90, 4], [0, 40], [30, 41]]);
});

test("the index finds exactly what a search of all would, after many changes", () => {
  let seed = 3;
  const random = (limit) => ((seed = (seed * 16807) % 2147483647) / 2147483647) * limit;
  const index = createSpatialIndex(1000, 600);
  const boxes = new Map();
  for (let i = 0; i < 3000; i++) {
    const slot = Math.floor(random(500));
    const old = boxes.get(slot);
    if (old) index.remove(slot, ...old);
    boxes.delete(slot);
    if (random(1) < 0.7) {
      const made = [random(900), random(500), random(90), random(90)];
      boxes.set(slot, made);
      index.insert(slot, ...made);
    }
  }
  for (let i = 0; i < 50; i++) {
    const [x, y] = [random(1000), random(600)];
    const [right, bottom] = [x + random(200), y + random(200)];
    const touches = ([bx, by, w, h]) => bx <= right && by <= bottom && bx + w >= x && by + h >= y;
    const found = [];
    index.query(x, y, right, bottom, (slot) => touches(boxes.get(slot)) && found.push(slot));
    const expected = [...boxes].filter(([, one]) => touches(one)).map(([slot]) => slot);
    assert.deepEqual(found.sort((a, b) => a - b), expected.sort((a, b) => a - b));
  }
});

test("sizes: never nm without a calibration, and a box is not a diameter", () => {
  const calibration = { pixel_size_x_nm: 0.5, pixel_size_y_nm: 0.25 };
  const bare = { width: 30, height: 40, ecd_px: null, ecd_nm: null };
  const outlined = { width: 30, height: 40, ecd_px: 31.4159, ecd_nm: 15.7 };
  assert.equal(sizeText(bare, null), "30.0 × 40.0 px");
  assert.equal(sizeText(bare, calibration), "15.0 × 10.0 nm");
  assert.equal(sizeText(outlined, null), "⌀ 31.4 px");
  assert.equal(sizeText(outlined, calibration), "⌀ 15.7 nm");
  assert.equal(sizeText({ ...outlined, ecd_nm: null }, calibration), "⌀ 31.4 px");
  assert.equal(sizeText({ ...outlined, ecd_nm: 2345 }, calibration), "⌀ 2.35 µm");
});

test("outlines are unpacked and moved", () => {
  const points = unpackOutline([160, 160, 320, 0, 0, 320]);
  assert.deepEqual([...points], [10, 10, 30, 10, 30, 30]);
  assert.deepEqual([...movedOutline(points, 1, -2)], [11, 8, 31, 8, 31, 28]);
  assert.equal(unpackOutline(null), null);
});
