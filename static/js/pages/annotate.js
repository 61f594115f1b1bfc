// The page of a frame: the viewer, and on it the editor.
import { createEditor } from "../editor/editor.js";
import { createEditorBar } from "../editor/editor_bar.js";
import { addEditorKeys } from "../editor/keys.js";
import { createLiveFeed } from "../editor/live_feed.js";
import { createNotices } from "../editor/notices.js";
import { createPainters } from "../editor/painters.js";
import { createParticlesPanel } from "../editor/particles_panel.js";
import { createSelectionPanel } from "../editor/selection_panel.js";
import { createSuggestionsPanel } from "../editor/suggestions_panel.js";
import { createTools } from "../editor/tools.js";
import { openFramePage } from "../frame/frame_page.js";

const page = openFramePage();
const editor = createEditor(page);
createPainters(editor);
createTools(editor);
createEditorBar(editor);
createNotices(editor);
createSelectionPanel(editor);
createSuggestionsPanel(editor);
createParticlesPanel(editor);
addEditorKeys(editor, page.shortcuts);
createLiveFeed(editor);

// What an earlier visit left unsent goes first, but nobody waits long for it.
const PATIENCE_MS = 1500;
await Promise.race([editor.ledger.open(), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
editor.open(page.viewer.frame);
