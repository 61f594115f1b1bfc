// The scale bar: a round length in nm (1-2-5) where the frame is calibrated, in px where it is not, never nm.

const MAX_SHARE = 0.25; // of the view's width
const MAX_PX = 220;
const MARGIN_PX = 16;
const BAR_PX = 5;
const FONT = "600 13px Inter, system-ui, sans-serif";

// The largest 1, 2 or 5 times a power of ten that is not above `limit`.
export function roundLength(limit) {
  if (!(limit > 0) || !Number.isFinite(limit)) return 0;
  const decade = 10 ** Math.floor(Math.log10(limit) + 1e-12);
  const lead = limit / decade;
  const step = lead >= 5 - 1e-9 ? 5 : lead >= 2 - 1e-9 ? 2 : 1;
  return Number((step * decade).toPrecision(1));
}

// A length in nm with the unit people use at that size.
export function lengthText(nm) {
  const [factor, unit] = nm >= 1e6 ? [1e-6, "mm"] : nm >= 1000 ? [1e-3, "µm"] : nm >= 1 ? [1, "nm"] : [1000, "pm"];
  return `${Number((nm * factor).toPrecision(6))} ${unit}`;
}

// {widthPx, text} of the bar for a view: scale in CSS px per image px, pixel size along x in nm or null.
export function chooseBar({ scale, viewWidth, pixelSizeNm = null, isAnisotropic = false }) {
  const limitPx = Math.min(MAX_PX, viewWidth * MAX_SHARE);
  const unitPx = pixelSizeNm ? scale / pixelSizeNm : scale; // CSS px per nm, or per image px
  const length = roundLength(limitPx / unitPx);
  if (!length || (!pixelSizeNm && length < 1)) return null;
  const text = pixelSizeNm ? lengthText(length) : `${length} px`;
  return { widthPx: length * unitPx, text: isAnisotropic ? `${text} along x` : text };
}

// Painted at the lower left, on a dark plate: readable on any micrograph.
export function createScaleBarPainter(getFrame) {
  return (ctx, viewport) => {
    const { scale, width, height } = viewport.state;
    const { pixel_size_x_nm: xNm = null, pixel_size_y_nm: yNm = null } = getFrame().calibration ?? {};
    const bar = chooseBar({ scale, viewWidth: width, pixelSizeNm: xNm, isAnisotropic: xNm !== yNm });
    if (!bar) return;
    ctx.font = FONT;
    const plate = Math.max(bar.widthPx, ctx.measureText(bar.text).width) + 20;
    const [left, top] = [MARGIN_PX, height - MARGIN_PX - 42];
    ctx.fillStyle = "rgb(0 0 0 / 62%)";
    ctx.beginPath();
    ctx.roundRect(left, top, plate, 42, 4);
    ctx.fill();
    ctx.fillStyle = "#fff";
    ctx.textAlign = "center";
    ctx.textBaseline = "alphabetic";
    ctx.fillText(bar.text, left + plate / 2, top + 19);
    ctx.fillRect(left + (plate - bar.widthPx) / 2, top + 28, bar.widthPx, BAR_PX);
  };
}
