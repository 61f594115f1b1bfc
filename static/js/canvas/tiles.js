// The pyramid's geometry, as annotations/display/pyramid.py writes it. Pure.

export const TILE_PX = 512;

// Sizes of all levels: level k is the image halved k times, odd sides rounded up.
export function levelsOf(width, height) {
  const levels = [];
  for (;;) {
    levels.push({ width, height, columns: Math.ceil(width / TILE_PX), rows: Math.ceil(height / TILE_PX) });
    if (width <= TILE_PX && height <= TILE_PX) return levels;
    width = Math.ceil(width / 2);
    height = Math.ceil(height / 2);
  }
}

// The coarsest level that still has a pixel for every device pixel.
export function levelFor(deviceScale, nLevels) {
  const wanted = Math.floor(Math.log2(1 / deviceScale) + 1e-6);
  return Math.min(nLevels - 1, Math.max(0, wanted));
}

// Tiles of a level that touch a part of the image ({left, top, right, bottom} in image px), the middle first.
export function tilesIn(part, level, levels) {
  const { columns, rows } = levels[level];
  const side = TILE_PX * 2 ** level;
  const first = [Math.max(0, Math.floor(part.left / side)), Math.max(0, Math.floor(part.top / side))];
  const last = [
    Math.min(columns - 1, Math.ceil(part.right / side) - 1),
    Math.min(rows - 1, Math.ceil(part.bottom / side) - 1),
  ];
  const middle = [(part.left + part.right) / 2 / side - 0.5, (part.top + part.bottom) / 2 / side - 0.5];
  const found = [];
  for (let row = first[1]; row <= last[1]; row++) {
    for (let column = first[0]; column <= last[0]; column++) {
      found.push({ level, column, row, far: (column - middle[0]) ** 2 + (row - middle[1]) ** 2 });
    }
  }
  return found.sort((a, b) => a.far - b.far);
}

// The tile's place in the image, in image px. Levels of odd sides reach up to 2 ** level - 1 px too far, by
// their last row or column's rounding up.
export function tileBox({ level, column, row }, levels) {
  const scale = 2 ** level;
  const width = Math.min(TILE_PX, levels[level].width - column * TILE_PX);
  const height = Math.min(TILE_PX, levels[level].height - row * TILE_PX);
  return {
    left: column * TILE_PX * scale,
    top: row * TILE_PX * scale,
    width: width * scale,
    height: height * scale,
    widthPx: width,
    heightPx: height,
  };
}

export const tileKey = ({ level, column, row }) => `${level}/${column}/${row}`;
