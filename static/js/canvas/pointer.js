// Mouse, pen, touch and wheel on the canvas. The viewer's own gestures come first: wheel and pinch zoom, middle
// button or space pans, right button (or shift, with the hand tool) sets the contrast. All else goes to the tool.
//
// A tool is {name, cursor, down(p), move(p), up(p), cancel(), hover(p), leave(), double(p)}, all but the name
// optional. p = {x, y} in image px, {sx, sy} in CSS px of the canvas, {dx, dy} CSS px since the last event,
// {shift, ctrl, alt, button, pointerType}. `down` that returns false leaves the pointer alone.

const WHEEL_STEP = 0.0015; // natural log of the zoom per wheel px
const PINCH_WHEEL_STEP = 0.01; // a trackpad's pinch comes as ctrl + wheel with small deltas
const LINE_PX = 16;
const MAX_WHEEL_PX = 240; // one event of a fast wheel

export function listenToPointer(canvas, viewport, { getTool, isPanKeyDown, onHover, onLeave, contrastDrag }) {
  const pointers = new Map(); // pointerId -> last position; two of them pinch
  let gesture = null; // {move, up, cancel} of the drag under way

  const point = (event, last) => {
    const box = canvas.getBoundingClientRect();
    const [sx, sy] = [event.clientX - box.left, event.clientY - box.top];
    const [x, y] = viewport.toImage(sx, sy);
    const { button, pointerType, shiftKey: shift, altKey: alt } = event;
    const ctrl = event.ctrlKey || event.metaKey;
    return { x, y, sx, sy, dx: sx - (last?.sx ?? sx), dy: sy - (last?.sy ?? sy), button, pointerType, shift, alt, ctrl };
  };

  const pan = () => ({ cursor: "grabbing", move: (p) => viewport.panBy(p.dx, p.dy) });
  const contrast = (p) => ({ cursor: "crosshair", ...contrastDrag(p) });

  const gestureFor = (p, tool) => {
    if (p.button === 1 || (p.button === 0 && isPanKeyDown())) return pan();
    if (p.button === 2) return contrast(p);
    if (p.button !== 0) return null;
    if (tool.name === "hand") return p.shift ? contrast(p) : pan();
    if (tool.down?.(p) === false) return null;
    return { move: (q) => tool.move?.(q), up: (q) => tool.up?.(q), cancel: () => tool.cancel?.() };
  };

  const pinch = () => {
    let [a, b] = [...pointers.values()];
    let distance = Math.hypot(a.sx - b.sx, a.sy - b.sy);
    let middle = [(a.sx + b.sx) / 2, (a.sy + b.sy) / 2];
    return {
      move() {
        [a, b] = [...pointers.values()];
        const now = Math.hypot(a.sx - b.sx, a.sy - b.sy);
        const centre = [(a.sx + b.sx) / 2, (a.sy + b.sy) / 2];
        viewport.panBy(centre[0] - middle[0], centre[1] - middle[1]);
        if (distance > 0 && now > 0) viewport.zoomAt(...centre, now / distance);
        [distance, middle] = [now, centre];
      },
    };
  };

  const showCursor = () => {
    const resting = isPanKeyDown() ? "grab" : (getTool().cursor ?? "default");
    canvas.style.cursor = gesture?.cursor ?? resting;
  };

  canvas.addEventListener("pointerdown", (event) => {
    canvas.focus({ preventScroll: true });
    const p = point(event);
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, p);
    if (pointers.size === 2) {
      gesture?.cancel?.();
      gesture = pinch();
    } else if (!gesture) {
      gesture = gestureFor(p, getTool());
    }
    if (gesture) event.preventDefault();
    showCursor();
  });

  canvas.addEventListener("pointermove", (event) => {
    const p = point(event, pointers.get(event.pointerId));
    onHover(p);
    if (!pointers.has(event.pointerId)) {
      getTool().hover?.(p);
      return;
    }
    pointers.set(event.pointerId, p);
    gesture?.move?.(p);
  });

  const end = (event, isCancelled) => {
    if (!pointers.has(event.pointerId)) return;
    const p = point(event, pointers.get(event.pointerId));
    pointers.delete(event.pointerId);
    if (isCancelled) gesture?.cancel?.(p);
    else gesture?.up?.(p);
    // After a pinch the second finger is no drag of its own.
    gesture = pointers.size ? {} : null;
    showCursor();
  };
  canvas.addEventListener("pointerup", (event) => end(event, false));
  canvas.addEventListener("pointercancel", (event) => end(event, true));
  canvas.addEventListener("pointerleave", () => {
    if (pointers.size) return;
    onLeave();
    getTool().leave?.();
  });
  canvas.addEventListener("dblclick", (event) => getTool().double?.(point(event)));
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener("auxclick", (event) => event.preventDefault());
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const p = point(event);
      const unit = event.deltaMode === 1 ? LINE_PX : event.deltaMode === 2 ? viewport.state.height : 1;
      const wheelPx = Math.max(-MAX_WHEEL_PX, Math.min(MAX_WHEEL_PX, event.deltaY * unit));
      viewport.zoomAt(p.sx, p.sy, Math.exp(-wheelPx * (event.ctrlKey ? PINCH_WHEEL_STEP : WHEEL_STEP)));
      onHover(p);
    },
    { passive: false },
  );

  return {
    showCursor,
    // Drops the drag under way, as Escape does: true if there was one.
    cancel() {
      if (!gesture) return false;
      gesture.cancel?.();
      gesture = pointers.size ? {} : null;
      showCursor();
      return true;
    },
  };
}
