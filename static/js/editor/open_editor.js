// All that draws and edits, wired onto an open frame page: openEditor(page of frame/frame_page.js).

import { createEditor } from "./editor.js";
import { createEditorBar } from "./editor_bar.js";
import { addEditorKeys } from "./keys.js";
import { createLiveFeed } from "./live_feed.js";
import { createNotices } from "./notices.js";
import { createPainters } from "./painters.js";
import { createParticlesPanel } from "./particles_panel.js";
import { createReviewPanel } from "./review_panel.js";
import { createSelectionPanel } from "./selection_panel.js";
import { createSuggestionsPanel } from "./suggestions_panel.js";
import { createTools } from "./tools.js";

const PATIENCE_MS = 1500;

export async function openEditor(page) {
  const editor = createEditor(page);
  createPainters(editor);
  createTools(editor);
  createEditorBar(editor);
  createNotices(editor);
  createSelectionPanel(editor);
  createSuggestionsPanel(editor);
  createParticlesPanel(editor);
  createReviewPanel(editor, page.shortcuts);
  addEditorKeys(editor, page.shortcuts);
  createLiveFeed(editor);
  // What an earlier visit left unsent goes first, but nobody waits long for it.
  await Promise.race([editor.ledger.open(), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
  editor.open(page.viewer.frame);
}
