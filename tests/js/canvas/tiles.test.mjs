import assert from "node:assert/strict";
import { test } from "node:test";
import { levelFor, levelsOf, tileBox, tilesIn } from "../../../static/js/canvas/tiles.js";

test("levels are the image halved until one tile holds it, odd sides rounded up", () => {
  assert.deepEqual(levelsOf(2055, 1301).map(({ width, height }) => [width, height]), [
    [2055, 1301], [1028, 651], [514, 326], [257, 163],
  ]);
  assert.deepEqual(levelsOf(512, 512), [{ width: 512, height: 512, columns: 1, rows: 1 }]);
  assert.equal(levelsOf(16384, 16384).length, 6);
});

test("the level has a pixel for every device pixel, and not twice as many", () => {
  for (let scale = 0.01; scale < 1; scale *= 1.07) {
    const level = levelFor(scale, 20);
    const perScreenPx = 1 / (scale * 2 ** level);
    assert.ok(perScreenPx >= 0.999 && perScreenPx < 2.001, `${perScreenPx} at ${scale}`);
  }
  assert.equal(levelFor(1, 5), 0);
  assert.equal(levelFor(0.5, 5), 1);
  assert.equal(levelFor(30, 5), 0);
  assert.equal(levelFor(0.001, 5), 4);
});

test("tiles in a part cover it and no more, the middle first", () => {
  const levels = levelsOf(4096, 4096);
  const tiles = tilesIn({ left: 500, top: 1030, right: 1540, bottom: 1530 }, 0, levels);
  assert.deepEqual(tiles.map(({ column, row }) => `${column},${row}`).sort(), ["0,2", "1,2", "2,2", "3,2"]);
  assert.ok(["1,2", "2,2"].includes(`${tiles[0].column},${tiles[0].row}`));
  assert.equal(tilesIn({ left: 0, top: 0, right: 4096, bottom: 4096 }, 2, levels).length, 4);
  assert.equal(tilesIn({ left: 0, top: 0, right: 512, bottom: 512 }, 0, levels).length, 1);
});

test("tiles at the edge are as small as the image is", () => {
  const levels = levelsOf(700, 600);
  assert.deepEqual(tileBox({ level: 0, column: 1, row: 1 }, levels), {
    left: 512, top: 512, width: 188, height: 88, widthPx: 188, heightPx: 88,
  });
  assert.deepEqual(tileBox({ level: 1, column: 0, row: 0 }, levels), {
    left: 0, top: 0, width: 700, height: 600, widthPx: 350, heightPx: 300,
  });
});
