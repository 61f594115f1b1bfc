// What a click picks: the smallest box under it, a suggestion if there is no box, else nothing.

export const CLICK_PX = 4; // CSS px; a shorter drag is a click

export function pick(editor, p) {
  const id = editor.idAt(p.x, p.y);
  if (id) {
    if (p.shift) editor.selection.toggle(id);
    else editor.selection.set(id);
    editor.suggestions.select(null);
    return;
  }
  const suggestion = editor.suggestions.at(p.x, p.y);
  if (!p.shift) editor.selection.set();
  editor.suggestions.select(suggestion);
}
