// One canvas, one animation frame: whoever changed something asks for a draw, painters run in order of zIndex.
//
//   scene.addPainter(zIndex, (ctx, viewport) => ...)  units are CSS px; returns a function that removes it
//   scene.requestDraw()                               draws once, at the next animation frame
//
// zIndex in use: 0 image, 10 to 19 boxes and outlines, 20 to 29 handles and things being drawn, 30 scale bar.

export function createScene(canvas, viewport) {
  // Opaque: the browser need not blend the canvas with what lies below.
  const ctx = canvas.getContext("2d", { alpha: false });
  const painters = [];
  const timings = { drawMs: 0, nDraws: 0 };
  let pending = 0;
  let surround = "#2b2b2b";

  const draw = () => {
    pending = 0;
    const started = performance.now();
    const ratio = scene.pixelRatio;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.fillStyle = surround;
    ctx.fillRect(0, 0, canvas.width, canvas.height);
    for (const { paint } of painters) {
      ctx.save();
      ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
      paint(ctx, viewport);
      ctx.restore();
    }
    timings.drawMs = performance.now() - started;
    timings.nDraws += 1;
  };

  const fitToElement = () => {
    const { width, height } = canvas.getBoundingClientRect();
    scene.pixelRatio = window.devicePixelRatio || 1;
    const [deviceWidth, deviceHeight] = [width, height].map((px) =>
      Math.max(1, Math.round(px * scene.pixelRatio)),
    );
    if (canvas.width !== deviceWidth) canvas.width = deviceWidth;
    if (canvas.height !== deviceHeight) canvas.height = deviceHeight;
    surround = getComputedStyle(canvas).getPropertyValue("--canvas-surround").trim() || surround;
    viewport.resize(width, height);
    if (pending) cancelAnimationFrame(pending);
    draw(); // at once: a resized canvas is blank until it is drawn
  };

  const scene = {
    canvas,
    timings, // of the last draw, for benchmarks
    pixelRatio: window.devicePixelRatio || 1,

    addPainter(zIndex, paint) {
      const painter = { zIndex, paint };
      const after = painters.findIndex((other) => other.zIndex > zIndex);
      painters.splice(after < 0 ? painters.length : after, 0, painter);
      scene.requestDraw();
      return () => {
        painters.splice(painters.indexOf(painter), 1);
        scene.requestDraw();
      };
    },

    requestDraw() {
      if (!pending) pending = requestAnimationFrame(draw);
    },
  };

  viewport.onChange(scene.requestDraw);
  new ResizeObserver(fitToElement).observe(canvas);
  // Zooming the page, or moving the window to another screen, changes the ratio without a resize.
  const watchRatio = () => {
    const query = matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
    query.addEventListener("change", () => (fitToElement(), watchRatio()), { once: true });
  };
  watchRatio();
  fitToElement();
  return scene;
}
