// Contrast: which pixel values are black and white. Codes are 0 to 65535, a value is offset + step * code.
// Pure: knows no DOM, node tests it.

export const N_CODES = 65536;
export const GAMMA_MIN = 0.1;
export const GAMMA_MAX = 10;
const OPAQUE = 0xff000000;

// What stays between black and white: {low, high} are values, gamma > 1 brightens the middle.
export const neutral = ({ low, high }) => ({ low, high, gamma: 1, invert: false });

export const codeOf = (value, frame) => (value - frame.value_offset) / frame.value_step;
export const valueOf = (code, frame) => frame.value_offset + frame.value_step * code;

// Grey of every code as an opaque little-endian RGBA word: a tile is coloured by one look-up per pixel.
// Linear between low and high with display = 255 * t ** (1 / gamma).
export function buildLut({ low, high, gamma = 1, invert = false }, frame, lut = new Uint32Array(N_CODES)) {
  const first = codeOf(low, frame);
  const width = Math.max(codeOf(high, frame) - first, 1e-6);
  const exponent = 1 / gamma;
  const [below, above] = invert ? [255, 0] : [0, 255];
  const grey = (level) => (OPAQUE | (level << 16) | (level << 8) | level) >>> 0;
  const rampStart = Math.min(N_CODES, Math.max(0, Math.ceil(first)));
  const rampEnd = Math.min(N_CODES, Math.max(rampStart, Math.ceil(first + width)));
  lut.fill(grey(below), 0, rampStart);
  for (let code = rampStart; code < rampEnd; code++) {
    let t = (code - first) / width;
    if (exponent !== 1) t = t ** exponent;
    lut[code] = grey(Math.round(255 * (invert ? 1 - t : t)));
  }
  lut.fill(grey(above), rampEnd);
  return lut;
}

// Colours codes into pixels (Uint32Array over ImageData's buffer), both of one length.
export function applyLut(codes, lut, pixels) {
  for (let i = 0; i < codes.length; i++) pixels[i] = lut[codes[i]];
}

// Black and white points that leave out `percent` of the pixels at each end; never an empty window.
export function percentileWindow(frame, percent = 0.5) {
  const [low, high] = [frame.percentiles[String(percent)], frame.percentiles[String(100 - percent)]];
  return high > low ? { low, high } : fullWindow(frame);
}

export function fullWindow(frame) {
  const [low, high] = [frame.value_min, frame.value_max];
  return high > low ? { low, high } : { low, high: low + frame.value_step };
}

// Keeps a window usable: finite, at least one code wide, gamma within its limits.
export function legalWindow({ low, high, gamma, invert }, frame) {
  const smallest = frame.value_step;
  if (!Number.isFinite(low) || !Number.isFinite(high)) ({ low, high } = percentileWindow(frame));
  if (high < low) [low, high] = [high, low];
  if (high - low < smallest) high = low + smallest;
  const legalGamma = Number.isFinite(gamma) ? Math.min(GAMMA_MAX, Math.max(GAMMA_MIN, gamma)) : 1;
  return { low, high, gamma: legalGamma, invert: Boolean(invert) };
}

// A drag of (dx, dy) CSS px: right widens, up brightens (lowers the level), as medical viewers do.
export function dragged(start, dx, dy, range) {
  const perPx = range / 500;
  const width = Math.max(start.high - start.low + dx * perPx, range / 5000);
  const level = (start.high + start.low) / 2 + dy * perPx;
  return { ...start, low: level - width / 2, high: level + width / 2 };
}

// One press of a key: the level by a share of the window, its width and gamma by a factor.
const LEVEL_STEP = 0.05;
const WIDTH_STEP = 1.1;
const GAMMA_STEP = 1.1;

export function stepped({ low, high, gamma }, { level = 0, width = 0, gamma: gammaSteps = 0 }) {
  const middle = (low + high) / 2 + level * LEVEL_STEP * (high - low);
  const half = ((high - low) / 2) * WIDTH_STEP ** width;
  return { low: middle - half, high: middle + half, gamma: gamma * GAMMA_STEP ** gammaSteps };
}
