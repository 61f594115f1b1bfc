// Everything of the frame's page that is about seeing, wired: openFramePage() -> {viewer, shortcuts, data, open}.
// The editor calls this once and builds on what it returns (see canvas/viewer.js); open(id) shows another frame.

import { createViewer } from "../canvas/viewer.js";
import { pageData } from "../lib/page_data.js";
import { createShortcuts } from "../lib/shortcuts.js";
import { createCalibrationPanel } from "./calibration_panel.js";
import { createDisplayPanel } from "./display_panel.js";
import { createFrameStrip } from "./frame_strip.js";
import { createKeysDialog } from "./keys_dialog.js";
import { createNavigation } from "./navigation.js";
import { createStatusBar } from "./status_bar.js";
import { createZoomControls } from "./zoom_controls.js";

const byId = (id) => document.getElementById(id);

export function openFramePage() {
  const data = pageData();
  const shortcuts = createShortcuts();
  const owner = { userId: data.user, projectId: data.project };
  const viewer = createViewer(byId("viewer"), data.frame, { owner, shortcuts });

  createZoomControls(viewer);
  createStatusBar(viewer);
  createDisplayPanel(viewer);
  createCalibrationPanel(viewer);
  createKeysDialog(shortcuts);
  const { open } = createNavigation(viewer);
  createFrameStrip(viewer, { open });

  viewer.on("trouble", (sentence) => {
    byId("viewer-trouble").textContent = sentence;
    byId("viewer-trouble").hidden = !sentence;
  });
  const hand = byId("tool-hand");
  const takeHand = () => viewer.setTool(viewer.handTool);
  hand.addEventListener("click", takeHand);
  viewer.on("tool", (tool) => hand.setAttribute("aria-pressed", String(tool === viewer.handTool)));
  // What the mouse does with any tool, among the keys that do the same.
  const byMouse = (group, what, label) => shortcuts.add({ group, keys: [], shownKeys: [what], label });
  byMouse("View", "Wheel", "Zoom at the pointer");
  byMouse("View", "Middle-drag", "Move the view");
  byMouse("Contrast", "Right-drag", "Sideways the window’s width, up and down its level");
  shortcuts.add({ group: "Tools", keys: ["h"], label: "Hand: move the view, with Shift set the contrast", run: takeHand });
  return { viewer, shortcuts, data, open };
}
