// Paints the frame: the tiles of the level that fits the zoom, and coarser ones in the place of those that are
// still on their way.

import { levelFor, levelsOf, TILE_PX, tileBox, tileKey, tilesIn } from "./tiles.js";

const SMOOTH_BELOW = 2; // device px per image px from which pixels are shown as squares
const SLOW_MS = 10; // a draw that took so long: contrast is dragged on the level above, a quarter of the pixels
const SHARP_AFTER_MS = 150;
const COLOUR_MS = 4; // a draw: tiles that are not coloured by then are in the next one, coarser ones in their place

export function createImagePainter({ scene, viewport, cache, images }) {
  let frame = null;
  let levels = [];
  let hasPainted = false;
  let onFirstPixel = () => {};
  let started = 0; // the draw under way
  let isLate = false; // it left tiles to the next one
  let sharpening = 0; // timer; while it runs the coarser level is shown

  const draw = (ctx, tile, source, place, ratio) => {
    const [left, top] = viewport.toScreen(place.left, place.top);
    const [right, bottom] = viewport.toScreen(place.left + place.width, place.top + place.height);
    // Whole device pixels: neighbouring tiles meet without a seam, and 1:1 stays crisp.
    const [x0, y0, x1, y1] = [left, top, right, bottom].map((px) => Math.round(px * ratio));
    if (x1 <= x0 || y1 <= y0) return;
    ctx.drawImage(source.canvas, source.x, source.y, source.width, source.height, x0, y0, x1 - x0, y1 - y0);
    hasPainted = true;
  };

  const imageOf = (tile) => {
    const codes = cache.get(frame, tile);
    if (!codes) return null;
    const { widthPx, heightPx } = tileBox(tile, levels);
    const mayColour = tile.level === levels.length - 1 || performance.now() - started < COLOUR_MS;
    const image = images.imageOf(`${frame.id}:${tileKey(tile)}`, codes, widthPx, heightPx, mayColour);
    isLate ||= !image;
    return image;
  };

  // The part of the nearest coarser tile that shows the same place.
  const drawFallback = (ctx, tile, ratio) => {
    const place = tileBox(tile, levels);
    for (let up = 1; tile.level + up < levels.length; up++) {
      const scale = 2 ** up;
      const parent = {
        level: tile.level + up,
        column: Math.floor(tile.column / scale),
        row: Math.floor(tile.row / scale),
      };
      const canvas = imageOf(parent);
      if (!canvas) continue;
      const x = (tile.column * TILE_PX) / scale - parent.column * TILE_PX;
      const y = (tile.row * TILE_PX) / scale - parent.row * TILE_PX;
      const source = { canvas, x, y, width: place.widthPx / scale, height: place.heightPx / scale };
      draw(ctx, tile, source, place, ratio);
      return;
    }
  };

  const clipToImage = (ctx, ratio) => {
    // A level of odd size reaches a fraction of a pixel past the image.
    const [left, top] = viewport.toScreen(0, 0);
    const [right, bottom] = viewport.toScreen(frame.width_px, frame.height_px);
    const [x0, y0, x1, y1] = [left, top, right, bottom].map((px) => Math.round(px * ratio));
    ctx.beginPath();
    ctx.rect(x0, y0, x1 - x0, y1 - y0);
    ctx.clip();
  };

  const paint = (ctx) => {
    if (!frame) return;
    [started, isLate] = [performance.now(), false];
    const ratio = scene.pixelRatio;
    const deviceScale = viewport.state.scale * ratio;
    const tiles = tilesToShow(levelFor(deviceScale, levels.length));
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    clipToImage(ctx, ratio);
    ctx.imageSmoothingEnabled = deviceScale < SMOOTH_BELOW && !Number.isInteger(deviceScale);
    ctx.imageSmoothingQuality = "low"; // never more than 2 px into 1: mipmaps would cost time and add nothing
    let isSharp = !sharpening;
    for (const tile of tiles) {
      const canvas = imageOf(tile);
      if (!canvas) {
        isSharp = false;
        drawFallback(ctx, tile, ratio);
        continue;
      }
      const place = tileBox(tile, levels);
      draw(ctx, tile, { canvas, x: 0, y: 0, width: place.widthPx, height: place.heightPx }, place, ratio);
    }
    if (isLate) scene.requestDraw();
    cache.want(frame, [coarsest(), ...tiles]);
    const told = isSharp ? "yes" : "no";
    if (scene.canvas.dataset.sharp !== told) scene.canvas.dataset.sharp = told; // for who must not read coarse pixels
    if (hasPainted) onFirstPixel();
  };

  const tilesToShow = (level) => {
    const coarser = sharpening && level + 1 < levels.length && tilesIn(viewport.visible(), level + 1, levels);
    if (coarser && coarser.every((tile) => cache.has(frame, tile))) return coarser;
    return tilesIn(viewport.visible(), level, levels);
  };

  // One small tile that shows the whole frame: fetched first, and the fallback of all others.
  const coarsest = () => ({ level: levels.length - 1, column: 0, row: 0 });

  scene.addPainter(0, paint);
  return {
    show(newFrame, whenFirstPixel = () => {}) {
      frame = newFrame;
      levels = levelsOf(frame.width_px, frame.height_px);
      hasPainted = false;
      onFirstPixel = () => {
        onFirstPixel = () => {};
        whenFirstPixel();
      };
    },
    // The contrast is being dragged: where a draw is slow, fewer pixels are coloured until the hand rests.
    quicken() {
      if (!sharpening && scene.timings.drawMs < SLOW_MS) return;
      clearTimeout(sharpening);
      sharpening = setTimeout(() => {
        sharpening = 0;
        scene.requestDraw();
      }, SHARP_AFTER_MS);
    },
    // What a frame of this size needs at the present zoom: for prefetching a neighbour.
    tilesFor(other) {
      const pyramid = levelsOf(other.width_px, other.height_px);
      const level = levelFor(viewport.state.scale * scene.pixelRatio, pyramid.length);
      return [
        { level: pyramid.length - 1, column: 0, row: 0 },
        ...tilesIn(viewport.visible(), level, pyramid),
      ];
    },
    // The code of a pixel if its full-size tile is here, else undefined.
    codeAt(column, row) {
      const tile = { level: 0, column: Math.floor(column / TILE_PX), row: Math.floor(row / TILE_PX) };
      const codes = cache.get(frame, tile);
      const { widthPx } = tileBox(tile, levels);
      return codes?.[(row - tile.row * TILE_PX) * widthPx + column - tile.column * TILE_PX];
    },
  };
}
