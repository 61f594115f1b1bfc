import assert from "node:assert/strict";
import { test } from "node:test";
import { createViewport } from "../../../static/js/canvas/viewport.js";

const near = (actual, expected, tolerance = 1e-9) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);

function opened(imageWidth = 4096, imageHeight = 2048, width = 1016, height = 516) {
  const viewport = createViewport({ imageWidth, imageHeight });
  viewport.resize(width, height);
  return viewport;
}

test("it opens fitted: all of the image, centred, with a margin", () => {
  const viewport = opened();
  near(viewport.state.scale, 500 / 2048 < 1000 / 4096 ? 500 / 2048 : 1000 / 4096);
  const [left, top] = viewport.toScreen(0, 0);
  const [right, bottom] = viewport.toScreen(4096, 2048);
  near(left, 1016 - right);
  near(top, 516 - bottom);
  assert.ok(left >= 8 && top >= 8);
});

test("screen to image and back is the same point", () => {
  const viewport = opened();
  viewport.zoomAt(300, 200, 7.3);
  viewport.panBy(-31, 17);
  for (const [sx, sy] of [[0, 0], [1016, 516], [12.5, 400.25]]) {
    const back = viewport.toScreen(...viewport.toImage(sx, sy));
    near(back[0], sx, 1e-6);
    near(back[1], sy, 1e-6);
  }
});

test("zooming keeps the point under the cursor, in and out", () => {
  const viewport = opened();
  const before = viewport.toImage(400, 250);
  for (const factor of [1.2, 1.2, 1.2, 1.5, 1.1, 1 / 1.3]) viewport.zoomAt(400, 250, factor);
  const after = viewport.toImage(400, 250);
  near(after[0], before[0], 1e-6);
  near(after[1], before[1], 1e-6);
});

test("zoom has limits, and beyond them nothing moves", () => {
  const viewport = opened();
  for (let i = 0; i < 100; i++) viewport.zoomAt(500, 250, 2);
  assert.equal(viewport.state.scale, 64);
  const there = { ...viewport.state };
  viewport.zoomAt(100, 100, 2);
  assert.deepEqual({ ...viewport.state }, there);
  for (let i = 0; i < 100; i++) viewport.zoomAt(500, 250, 0.5);
  near(viewport.state.scale, (500 / 2048) * 0.5, 1e-3);
});

test("a small image may be seen at 1:1 even where fit magnifies it", () => {
  const viewport = opened(64, 64);
  assert.ok(viewport.state.scale > 5);
  viewport.oneToOne();
  near(viewport.state.scale, 1);
});

test("1:1 keeps the middle of the view", () => {
  const viewport = opened();
  viewport.centreAt(1000, 700);
  const before = viewport.toImage(508, 258);
  viewport.oneToOne();
  near(viewport.state.scale, 1);
  near(viewport.toImage(508, 258)[0], before[0], 1e-6);
});

test("panning moves the image by as much as the hand", () => {
  const viewport = opened();
  viewport.oneToOne();
  const [x, y] = viewport.toScreen(2000, 1000);
  viewport.panBy(13, -7);
  const [movedX, movedY] = viewport.toScreen(2000, 1000);
  near(movedX - x, 13);
  near(movedY - y, -7);
});

test("the image cannot be lost: part of it always stays in view", () => {
  const viewport = opened();
  for (const [dx, dy] of [[1e7, 1e7], [-1e7, -1e7], [1e7, -1e7]]) {
    viewport.panBy(dx, dy);
    const seen = viewport.visible();
    assert.ok((seen.right - seen.left) * viewport.state.scale >= 47.9);
    assert.ok((seen.bottom - seen.top) * viewport.state.scale >= 47.9);
  }
});

test("a resize fits again until the user has moved, then keeps the middle", () => {
  const viewport = opened();
  viewport.resize(516, 516);
  near(viewport.state.scale, 500 / 4096);
  assert.ok(viewport.isFitted);
  viewport.zoomBy(3);
  const middle = viewport.toImage(258, 258);
  const { scale } = viewport.state;
  viewport.resize(900, 700);
  assert.equal(viewport.state.scale, scale);
  near(viewport.toImage(450, 350)[0], middle[0], 1e-6);
  near(viewport.toImage(450, 350)[1], middle[1], 1e-6);
});

test("the next frame of a stack keeps the view, an image of another size is fitted", () => {
  const viewport = opened();
  viewport.zoomAt(100, 100, 5);
  const before = { ...viewport.state };
  viewport.setImage(4096, 2048);
  assert.deepEqual({ ...viewport.state }, before);
  viewport.setImage(512, 512);
  assert.ok(viewport.isFitted);
  near(viewport.state.scale, 500 / 512);
});

test("reveal brings a box into view and leaves one that is seen alone", () => {
  const viewport = opened();
  viewport.zoomAt(0, 0, 20);
  const box = { x: 3900, y: 1900, width: 40, height: 30 };
  viewport.reveal(box);
  const seen = viewport.visible();
  assert.ok(box.x >= seen.left && box.x + 40 <= seen.right && box.y >= seen.top && box.y + 30 <= seen.bottom);
  const there = { ...viewport.state };
  viewport.reveal(box);
  assert.deepEqual({ ...viewport.state }, there);
  viewport.fit();
  viewport.reveal({ x: 5, y: 5, width: 4, height: 4 });
  assert.ok(viewport.state.scale * 4 >= 24);
});

test("listeners hear each change until they leave", () => {
  const viewport = opened();
  let heard = 0;
  const leave = viewport.onChange(() => (heard += 1));
  viewport.panBy(1, 1);
  viewport.fit();
  leave();
  viewport.panBy(1, 1);
  assert.equal(heard, 2);
});
