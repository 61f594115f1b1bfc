// The page of a frame: the viewer, and on it the editor. The picture waits for the viewer's half of the scripts alone.
import { openFramePage } from "../frame/frame_page.js";
import { toast } from "../lib/toast.js";

const page = openFramePage();
try {
  const { openEditor } = await import("../editor/open_editor.js");
  await openEditor(page);
} catch (error) {
  toast("The editor could not be loaded; load the page again.", "error");
  throw error;
}
