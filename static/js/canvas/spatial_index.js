// Which boxes touch a rectangle: a grid of cells over the image, each with the slots of the boxes in it.
// Knows no DOM. A slot is a small whole number; who calls keeps the boxes.

const CELLS_ACROSS = 64; // per longer side of the image: 64 px cells on a 4096 px frame

export function createSpatialIndex(imageWidth, imageHeight) {
  const cellPx = Math.max(1, Math.max(imageWidth, imageHeight) / CELLS_ACROSS);
  const columns = Math.max(1, Math.ceil(imageWidth / cellPx));
  const rows = Math.max(1, Math.ceil(imageHeight / cellPx));
  const cells = Array.from({ length: columns * rows }, () => []);
  let seen = new Uint32Array(1024); // by slot: the number of the query that met it last
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
        const larger = new Uint32Array(Math.max(slot + 1, 2 * seen.length));
        larger.set(seen);
        seen = larger;
      }
      eachCell(x, y, x + width, y + height, (cell) => cell.push(slot));
    },

    remove(slot, x, y, width, height) {
      eachCell(x, y, x + width, y + height, (cell) => {
        const at = cell.indexOf(slot);
        if (at < 0) return;
        cell[at] = cell[cell.length - 1];
        cell.pop();
      });
    },

    // Calls visit(slot) once for each box in the cells that the rectangle touches; the caller looks closer.
    query(left, top, right, bottom, visit) {
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
