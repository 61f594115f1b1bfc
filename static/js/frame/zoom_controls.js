// Zoom buttons and the zoom's percentage; 100 % is one image pixel per screen pixel.

const STEP = Math.SQRT2;
const byId = (id) => document.getElementById(id);

export function createZoomControls(viewer) {
  const { viewport, scene } = viewer;
  const level = byId("zoom-level");
  const show = () => {
    const percent = 100 * viewport.state.scale * scene.pixelRatio;
    level.textContent = `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
    byId("zoom-fit").setAttribute("aria-pressed", String(viewport.isFitted));
  };
  const on = (id, run) => byId(id).addEventListener("click", run);
  on("zoom-in", () => viewport.zoomBy(STEP));
  on("zoom-out", () => viewport.zoomBy(1 / STEP));
  on("zoom-fit", () => viewport.fit());
  on("zoom-one", () => viewer.oneToOne());
  viewport.onChange(show);
  show();
}
