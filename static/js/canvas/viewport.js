// Which part of the image is seen, and how large. Knows no DOM.
//
// state: scale = CSS px per image px; (x, y) = image coordinates of the view's top-left corner;
// width, height = size of the view in CSS px. Image coordinates: (0, 0) is the outer corner of the top-left
// pixel, x right, y down.

const MAX_SCALE = 64; // CSS px per image px
const MIN_OF_FIT = 0.5; // may be zoomed out to this share of "fit"
const FIT_MARGIN_PX = 8;
const KEEP_PX = 48; // so much of the image always stays in view

export function createViewport({ imageWidth, imageHeight }) {
  const state = { scale: 1, x: 0, y: 0, width: 1, height: 1, imageWidth, imageHeight };
  const listeners = new Set();
  let isFitted = true; // until the user pans or zooms, a resize fits again

  const fitScale = () => {
    const across = (state.width - 2 * FIT_MARGIN_PX) / state.imageWidth;
    const down = (state.height - 2 * FIT_MARGIN_PX) / state.imageHeight;
    return Math.min(MAX_SCALE, Math.max(1e-4, Math.min(across, down)));
  };
  const minScale = () => Math.min(1, fitScale() * MIN_OF_FIT);

  // Keeps KEEP_PX of the image (or all of a smaller one) in view along one axis.
  const clampAxis = (start, viewPx, imagePx) => {
    const keep = Math.min(KEEP_PX / state.scale, imagePx);
    return Math.min(imagePx - keep, Math.max(keep - viewPx / state.scale, start));
  };

  const changed = () => {
    state.x = clampAxis(state.x, state.width, state.imageWidth);
    state.y = clampAxis(state.y, state.height, state.imageHeight);
    for (const listener of listeners) listener(state);
  };

  const centreOn = (x, y) => {
    state.x = x - state.width / state.scale / 2;
    state.y = y - state.height / state.scale / 2;
  };

  const viewport = {
    state,
    toScreen: (x, y) => [(x - state.x) * state.scale, (y - state.y) * state.scale],
    toImage: (sx, sy) => [state.x + sx / state.scale, state.y + sy / state.scale],
    // The part of the image in view, cut to the image: {left, top, right, bottom}.
    visible: () => ({
      left: Math.max(0, state.x),
      top: Math.max(0, state.y),
      right: Math.min(state.imageWidth, state.x + state.width / state.scale),
      bottom: Math.min(state.imageHeight, state.y + state.height / state.scale),
    }),

    // Zooms by `factor` so that the image point under (sx, sy) stays there.
    zoomAt(sx, sy, factor) {
      const [x, y] = viewport.toImage(sx, sy);
      state.scale = Math.min(MAX_SCALE, Math.max(minScale(), state.scale * factor));
      state.x = x - sx / state.scale;
      state.y = y - sy / state.scale;
      isFitted = false;
      changed();
    },
    zoomBy: (factor) => viewport.zoomAt(state.width / 2, state.height / 2, factor),

    // Moves the image by (dx, dy) CSS px, as a hand would.
    panBy(dx, dy) {
      state.x -= dx / state.scale;
      state.y -= dy / state.scale;
      isFitted = false;
      changed();
    },

    fit() {
      state.scale = fitScale();
      centreOn(state.imageWidth / 2, state.imageHeight / 2);
      isFitted = true;
      changed();
    },

    // One image pixel to one CSS pixel, about the view's centre.
    oneToOne: () => viewport.zoomBy(1 / state.scale),

    centreAt(x, y) {
      centreOn(x, y);
      isFitted = false;
      changed();
    },

    // Brings a box into view if it is not, zooming only if it is too small to see or too large to fit.
    reveal({ x, y, width, height }, { minPx = 24 } = {}) {
      const shownPx = Math.max(width, height) * state.scale;
      const seen = viewport.visible();
      const isInside =
        x >= seen.left && y >= seen.top && x + width <= seen.right && y + height <= seen.bottom;
      if (isInside && shownPx >= minPx) return;
      const largest = 0.8 * Math.min(state.width / width, state.height / height);
      if (shownPx < minPx) state.scale = Math.min(MAX_SCALE, (3 * minPx) / Math.max(width, height));
      state.scale = Math.min(state.scale, largest);
      viewport.centreAt(x + width / 2, y + height / 2);
    },

    resize(width, height) {
      if (width < 1 || height < 1) return;
      const [x, y] = viewport.toImage(state.width / 2, state.height / 2);
      state.width = width;
      state.height = height;
      if (isFitted) viewport.fit();
      else {
        centreOn(x, y);
        changed();
      }
    },

    // Another image: keeps the view if the size is the same (the next frame of a stack), else fits.
    setImage(width, height) {
      if (width === state.imageWidth && height === state.imageHeight) return;
      state.imageWidth = width;
      state.imageHeight = height;
      viewport.fit();
    },

    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    get isFitted() {
      return isFitted;
    },
  };
  return viewport;
}
