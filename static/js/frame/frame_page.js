// Everything of the frame's page that is about seeing, wired: openFramePage() -> {viewer, shortcuts, data}.
// The editor calls this once and builds on what it returns (see canvas/viewer.js).

import { createViewer } from "../canvas/viewer.js";
import { pageData } from "../lib/page_data.js";
import { createShortcuts } from "../lib/shortcuts.js";

export function openFramePage() {
  const data = pageData();
  const shortcuts = createShortcuts();
  const owner = { userId: data.user, projectId: data.project };
  const viewer = createViewer(document.getElementById("viewer"), data.frame, { owner, shortcuts });
  return { viewer, shortcuts, data };
}
