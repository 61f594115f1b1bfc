// The tool that measures a burned-in scale bar: a line from end to end, which either end can be moved again.

const GRAB_PX = 10; // an end is grabbed within so many CSS px
const LEVEL_DEG = 4; // a line this close to level or upright is made exactly so; Alt leaves it free
const INK = "#ffd400"; // readable on any grey, with the dark edge
const EDGE = "rgb(0 0 0 / 75%)";

export const lineLength = ({ x0, y0, x1, y1 }) => Math.hypot(x1 - x0, y1 - y0);

// The line with its far end put level or upright if it nearly is.
export function straightened({ x0, y0, x1, y1 }) {
  const tilt = (Math.atan2(Math.abs(y1 - y0), Math.abs(x1 - x0)) * 180) / Math.PI;
  if (tilt < LEVEL_DEG) return { x0, y0, x1, y1: y0 };
  if (tilt > 90 - LEVEL_DEG) return { x0, y0, x1: x0, y1 };
  return { x0, y0, x1, y1 };
}

export function createCalibrateTool(viewer, { onLine, onCancel }) {
  const { scene, viewport } = viewer;
  let line = null;
  let before = null;
  let isActive = false;

  const paint = (ctx) => {
    if (!isActive || !line) return;
    const [ax, ay] = viewport.toScreen(line.x0, line.y0);
    const [bx, by] = viewport.toScreen(line.x1, line.y1);
    const length = Math.hypot(bx - ax, by - ay) || 1;
    const [nx, ny] = [(-(by - ay) / length) * 7, ((bx - ax) / length) * 7];
    const trace = () => {
      ctx.beginPath();
      ctx.moveTo(ax, ay);
      ctx.lineTo(bx, by);
      for (const [x, y] of [[ax, ay], [bx, by]]) {
        ctx.moveTo(x - nx, y - ny);
        ctx.lineTo(x + nx, y + ny);
      }
    };
    for (const [style, width] of [[EDGE, 4], [INK, 1.5]]) {
      [ctx.strokeStyle, ctx.lineWidth] = [style, width];
      trace();
      ctx.stroke();
    }
  };
  scene.addPainter(25, paint);

  const set = (next) => {
    line = next;
    scene.requestDraw();
    onLine(line);
  };

  const grabbed = (p) => {
    if (!line) return null;
    const near = (x, y) => {
      const [sx, sy] = viewport.toScreen(x, y);
      return Math.hypot(p.sx - sx, p.sy - sy) <= GRAB_PX;
    };
    if (near(line.x1, line.y1)) return line;
    // The end that moves is always the second one.
    if (near(line.x0, line.y0)) return { x0: line.x1, y0: line.y1, x1: line.x0, y1: line.y0 };
    return null;
  };

  const tool = {
    name: "calibrate",
    cursor: "crosshair",
    down(p) {
      before = line;
      line = grabbed(p) ?? { x0: p.x, y0: p.y, x1: p.x, y1: p.y };
    },
    move(p) {
      const moved = { ...line, x1: p.x, y1: p.y };
      set(p.alt ? moved : straightened(moved));
    },
    up() {
      if (line && lineLength(line) * viewport.state.scale < 3) set(before); // a click draws no line
    },
    cancel: () => set(before),
  };

  viewer.on("tool", (active) => {
    const wasActive = isActive;
    isActive = active === tool;
    if (wasActive && !isActive) onCancel();
    scene.requestDraw();
  });
  viewer.on("frame", () => set(null));
  return { tool, clear: () => set(null) };
}
