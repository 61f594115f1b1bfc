// Files dropped anywhere on the page; `cover` shows that they may be.
import { toast } from "../lib/toast.js";
import { filesOf, hasFiles } from "./files.js";

export function watchDrops(cover, onFiles) {
  let depth = 0; // enter and leave come for every element on the way

  function show(isOver) {
    if (!isOver) depth = 0;
    cover.hidden = !isOver;
  }

  window.addEventListener("dragenter", (event) => {
    if (!hasFiles(event)) return;
    depth += 1;
    show(true);
  });
  window.addEventListener("dragleave", (event) => {
    if (!hasFiles(event)) return;
    depth -= 1;
    if (depth <= 0) show(false);
  });
  window.addEventListener("dragover", (event) => {
    if (hasFiles(event)) event.preventDefault(); // else the browser would open the file
  });
  window.addEventListener("drop", async (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    show(false);
    try {
      const files = await filesOf(event.dataTransfer);
      if (files.length) onFiles(files);
      else toast("There is no file in what you dropped.", "error");
    } catch {
      toast("The browser could not read what you dropped; try “Upload files”.", "error");
    }
  });
}
