// Outlines as they come over the wire and as they are drawn: Float32Array [x, y, x, y, ...] in image pixels.

const STEP_PX = 1 / 16; // as in annotations/api/particle_rows.py

// From whole sixteenths of a pixel, each point relative to the one before.
export function unpackOutline(packed) {
  if (!packed) return null;
  const points = new Float32Array(packed.length);
  let [x, y] = [0, 0];
  for (let i = 0; i < packed.length; i += 2) {
    x += packed[i];
    y += packed[i + 1];
    points[i] = x * STEP_PX;
    points[i + 1] = y * STEP_PX;
  }
  return points;
}

export function movedOutline(points, dx, dy) {
  if (!points) return null;
  return points.map((value, i) => value + (i % 2 ? dy : dx));
}
