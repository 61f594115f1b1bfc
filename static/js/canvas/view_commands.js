// What the keyboard does to the view and the contrast, for the table in lib/shortcuts.js.

import { valueText } from "../lib/numbers.js";
import { stepped } from "./window_level.js";

const ZOOM_STEP = Math.SQRT2;
const PAN_SHARE = 0.1; // of the view, per press
const PAGE_SHARE = 0.8;
const CONTRAST_KEYS = [
  ["w", "width", "Window wider, narrower: softer, harder contrast"],
  ["l", "level", "Level up, down: darker, brighter"],
  ["g", "gamma", "Gamma up, down: brighter, darker middle"],
];

export function viewCommands(viewer) {
  const { viewport } = viewer;
  const step = (what) => (event) => {
    viewer.setContrast(stepped(viewer.contrast, { [what]: event.shiftKey ? -1 : 1 }));
    const { low, high, gamma } = viewer.contrast;
    const [black, white] = [low, high].map((value) => valueText(value, viewer.frame.value_step));
    viewer.announce(`Black ${black}, white ${white}, gamma ${gamma.toFixed(2)}`);
  };
  const pan = (x, y, share) => () =>
    viewport.panBy(-x * viewport.state.width * share, -y * viewport.state.height * share);
  const arrows = (prefix, share) =>
    [["ArrowLeft", -1, 0], ["ArrowRight", 1, 0], ["ArrowUp", 0, -1], ["ArrowDown", 0, 1]].map(([key, x, y]) => ({
      keys: [`${prefix}${key}`],
      run: pan(x, y, share),
    }));
  const [first, ...others] = arrows("", PAN_SHARE);
  const [firstPage, ...otherPages] = arrows("Shift+", PAGE_SHARE);
  const group = "View";
  return [
    { id: "fit", group, keys: ["0"], label: "Fit to the window", run: () => viewport.fit() },
    { id: "one-to-one", group, keys: ["z"], label: "1:1, one image pixel per screen pixel", run: () => viewer.oneToOne() },
    { id: "zoom-in", group, keys: ["+", "="], label: "Zoom in", run: () => viewport.zoomBy(ZOOM_STEP) },
    { id: "zoom-out", group, keys: ["-", "_"], label: "Zoom out", run: () => viewport.zoomBy(1 / ZOOM_STEP) },
    { ...first, id: "pan", group, label: "Move the view", shownKeys: ["← ↑ → ↓"] },
    ...others,
    { ...firstPage, id: "pan-page", group, label: "Move the view by a page", shownKeys: ["Shift + ← ↑ → ↓"] },
    ...otherPages,
    { id: "auto", group: "Contrast", keys: ["a"], label: "Automatic contrast", run: () => viewer.autoContrast() },
    { id: "reset", group: "Contrast", keys: ["Shift+a"], label: "Full range, gamma 1", run: () => viewer.resetContrast() },
    ...CONTRAST_KEYS.map(([key, what, label]) => ({ id: what, group: "Contrast", keys: [key, `Shift+${key}`], label, run: step(what) })),
    { id: "invert", group: "Contrast", keys: ["i"], label: "Invert", run: () => viewer.setContrast({ invert: !viewer.contrast.invert }) },
  ];
}
