// Tiles coloured by the look-up table, each kept until the table changes or the budget is spent.

import { applyLut, buildLut } from "./window_level.js";

const MAX_IMAGES = 80; // of up to 1 MiB each

export function createTileImages() {
  const kept = new Map(); // key -> {canvas, version}, least recently used first
  const scratch = new Map(); // "width x height" -> ImageData: one per size, not one per tile
  let lut = null;
  let version = 0;

  const scratchFor = (width, height) => {
    const size = `${width}x${height}`;
    if (!scratch.has(size)) {
      const data = new ImageData(width, height);
      scratch.set(size, { data, words: new Uint32Array(data.data.buffer) });
    }
    return scratch.get(size);
  };

  return {
    setContrast(contrast, frame) {
      lut = buildLut(contrast, frame, lut ?? undefined);
      version += 1;
    },

    // The tile's canvas in the present contrast; coloured now if it is not yet and may be, else null.
    imageOf(key, codes, width, height, mayColour = true) {
      let image = kept.get(key);
      if (!mayColour && image?.version !== version) return null;
      if (image) kept.delete(key);
      else {
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [width, height];
        image = { canvas, ctx: canvas.getContext("2d", { alpha: false }), version: -1 };
      }
      kept.set(key, image);
      if (image.version !== version) {
        const { data, words } = scratchFor(width, height);
        applyLut(codes, lut, words);
        image.ctx.putImageData(data, 0, 0);
        image.version = version;
      }
      for (const oldest of kept.keys()) {
        if (kept.size <= MAX_IMAGES) break;
        kept.delete(oldest);
      }
      return image.canvas;
    },
  };
}
