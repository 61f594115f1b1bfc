// The viewer of one frame: createViewer(root, frame, {owner, shortcuts}) on an element that holds a <canvas>.
//
// What other parts of the page may rely on (everything else is the viewer's own):
//   viewer.viewport, .scene, .canvas, .shortcuts, .frame, .contrast, .tool
//   viewer.show(frame)            another frame (as /api/v1/frames/<id>/ gives it); the view stays if the size does
//   viewer.setCalibration(part)   {calibration, calibration_state, calibration_reason} changed on the server
//   viewer.setContrast(part), .autoContrast(), .resetContrast(), .oneToOne()
//   viewer.setTool(tool)          protocol in pointer.js; viewer.handTool pans; viewer.cancelGesture()
//   viewer.announce(text)         read out politely, shown in the status bar
//   viewer.on(name, listener)     "frame" frame · "calibration" frame · "contrast" contrast · "tool" tool
//                                 "hover" {x, y} in image px, or null · "trouble" sentence or ""
// A frame's `calibration` is null unless nm may be shown; then {pixel_size_x_nm, pixel_size_y_nm, ...}.

import { fromShares, readShares, toShares, writeShares } from "./contrast_store.js";
import { createEmitter } from "./emitter.js";
import { createImagePainter } from "./image_painter.js";
import { listenToPointer } from "./pointer.js";
import { createScaleBarPainter } from "./scale_bar.js";
import { createScene } from "./scene.js";
import { createTileCache } from "./tile_cache.js";
import { createTileImages } from "./tile_images.js";
import { createViewport } from "./viewport.js";
import { viewCommands } from "./view_commands.js";
import { dragged, fullWindow, legalWindow, neutral, percentileWindow } from "./window_level.js";

const SAVE_AFTER_MS = 300;
const handTool = { name: "hand", cursor: "grab" };

export function createViewer(root, firstFrame, { owner, shortcuts }) {
  const canvas = root.querySelector("canvas");
  const status = root.querySelector("[data-announce]");
  const { on, emit } = createEmitter();
  const viewport = createViewport({ imageWidth: firstFrame.width_px, imageHeight: firstFrame.height_px });
  const scene = createScene(canvas, viewport);
  const images = createTileImages();
  const cache = createTileCache({
    onTile: scene.requestDraw,
    onTrouble: (sentence) => emit("trouble", sentence),
  });
  const image = createImagePainter({ scene, viewport, cache, images });
  let isSpaceDown = false;
  let saving = 0;

  const applyContrast = (contrast) => {
    viewer.contrast = legalWindow(contrast, viewer.frame);
    images.setContrast(viewer.contrast, viewer.frame);
    scene.requestDraw();
    emit("contrast", viewer.contrast);
  };

  const viewer = {
    canvas, viewport, scene, image, cache, shortcuts, on, handTool,
    frame: firstFrame,
    contrast: null,
    tool: handTool,

    show(frame) {
      viewer.frame = frame;
      viewport.setImage(frame.width_px, frame.height_px);
      const kept = readShares(owner);
      applyContrast(kept ? fromShares(kept, frame) : neutral(percentileWindow(frame)));
      image.show(frame, () => root.dispatchEvent(new CustomEvent("firstpixel", { bubbles: true })));
      canvas.setAttribute("aria-label", `Micrograph ${frame.name}, ${frame.width_px} × ${frame.height_px} pixels`);
      emit("frame", frame);
      emit("calibration", frame);
      scene.requestDraw();
    },

    setCalibration(part) {
      Object.assign(viewer.frame, part);
      emit("calibration", viewer.frame);
      scene.requestDraw();
    },

    setContrast(part) {
      image.quicken();
      applyContrast({ ...viewer.contrast, ...part });
      clearTimeout(saving);
      saving = setTimeout(() => writeShares(owner, toShares(viewer.contrast, viewer.frame)), SAVE_AFTER_MS);
    },
    autoContrast: (percent) => viewer.setContrast(percentileWindow(viewer.frame, percent)),
    resetContrast: () => viewer.setContrast(neutral(fullWindow(viewer.frame))),
    oneToOne: () => viewport.zoomBy(1 / (viewport.state.scale * scene.pixelRatio)),

    setTool(tool) {
      if (tool === viewer.tool) return;
      pointer.cancel();
      viewer.tool.leave?.();
      viewer.tool = tool;
      pointer.showCursor();
      emit("tool", tool);
      scene.requestDraw();
    },
    cancelGesture: () => pointer.cancel(),

    announce(text) {
      status.textContent = text && text === status.textContent ? `${text}\u00a0` : text; // the same again is read out again
    },
  };

  const contrastDrag = (start) => {
    const before = viewer.contrast;
    const auto = percentileWindow(viewer.frame);
    const range = 2 * (auto.high - auto.low);
    return {
      move: (p) => viewer.setContrast(dragged(before, p.sx - start.sx, p.sy - start.sy, range)),
      cancel: () => viewer.setContrast(before),
    };
  };

  const pointer = listenToPointer(canvas, viewport, {
    getTool: () => viewer.tool,
    isPanKeyDown: () => isSpaceDown,
    onHover: ({ x, y }) => emit("hover", { x, y }),
    onLeave: () => emit("hover", null),
    contrastDrag,
  });

  const setSpace = (isDown) => {
    if (isDown === isSpaceDown) return;
    isSpaceDown = isDown;
    pointer.showCursor();
  };
  shortcuts.add({ group: "View", keys: [" "], shownKeys: ["Space + drag"], label: "Move the view with any tool", run: () => setSpace(true) });
  addEventListener("keyup", (event) => event.key === " " && setSpace(false));
  addEventListener("blur", () => setSpace(false));
  for (const command of viewCommands(viewer)) shortcuts.add(command);

  scene.addPainter(30, createScaleBarPainter(() => viewer.frame));
  viewer.show(firstFrame);
  return viewer;
}
