// Which boxes touch a rectangle: a grid of cells over the image, each with the slots of the boxes in it.
// Knows no DOM. A slot is a small whole number; who calls keeps the boxes.

const ALL_FROM = 0.1; // of the image: one look at each box is faster than the walk through so many cells
const CELLS_ACROSS = 64; // per longer side of the image: 64 px cells on a 4096 px frame

export function createSpatialIndex(imageWidth, imageHeight) {
  const cellPx = Math.max(1, Math.max(imageWidth, imageHeight) / CELLS_ACROSS);
  const columns = Math.max(1, Math.ceil(imageWidth / cellPx));
  const rows = Math.max(1, Math.ceil(imageHeight / cellPx));
  const cells = Array.from({ length: columns * rows }, () => []);
  let seen = new Uint32Array(1024); // by slot: the number of the query that met it last
  let isIn = new Uint8Array(1024); // by slot
  let end = 0; // of the slots
  let query = 0;

  const column = (x) => Math.min(columns - 1, Math.max(0, Math.floor(x / cellPx)));
  const row = (y) => Math.min(rows - 1, Math.max(0, Math.floor(y / cellPx)));
  const eachCell = (left, top, right, bottom, visit) => {
    const [firstColumn, lastColumn] = [column(left), column(right)];
    for (let r = row(top), last = row(bottom); r <= last; r++) {
      for (let c = firstColumn; c <= lastColumn; c++) visit(cells[r * columns + c]);
    }
  };

  return {
    insert(slot, x, y, width, height) {
      if (slot >= seen.length) {
        const length = Math.max(slot + 1, 2 * seen.length);
        [seen, isIn] = [seen, isIn].map((array) => {
          const larger = new array.constructor(length);
          larger.set(array);
          return larger;
        });
      }
      isIn[slot] = 1;
      end = Math.max(end, slot + 1);
      eachCell(x, y, x + width, y + height, (cell) => cell.push(slot));
    },

    remove(slot, x, y, width, height) {
      isIn[slot] = 0;
      eachCell(x, y, x + width, y + height, (cell) => {
        const at = cell.indexOf(slot);
        if (at < 0) return;
        cell[at] = cell[cell.length - 1];
        cell.pop();
      });
    },

    // Calls visit(slot) once for each box that may touch the rectangle, at least; the caller looks closer.
    query(left, top, right, bottom, visit) {
      if ((right - left) * (bottom - top) > ALL_FROM * imageWidth * imageHeight) {
        for (let slot = 0; slot < end; slot++) if (isIn[slot]) visit(slot);
        return;
      }
      query += 1;
      eachCell(left, top, right, bottom, (cell) => {
        for (const slot of cell) {
          if (seen[slot] === query) continue;
          seen[slot] = query;
          visit(slot);
        }
      });
    },
  };
}
