// In the top bar: undo, redo, the class of the next box, and whether everything is saved. There is no save button.

import { el, icon, iconButton, setDisabled } from "./dom.js";

const WORDS = {
  saved: () => ["check", "Saved"],
  saving: () => ["loader", "Saving…"],
  offline: (n) => ["clock", `Offline: ${edits(n)} kept here`],
  "logged-out": (n) => ["lock", `Log in to save ${edits(n)}`],
  refused: (n) => ["triangle-alert", `${edits(n)} refused`],
  unkept: (n) => ["triangle-alert", `${edits(n)} not kept`],
};
const edits = (n) => (n === 1 ? "1 edit" : `${n} edits`);

export function createEditorBar(editor) {
  const bar = document.getElementById("editor-bar");
  if (!editor.mayEdit) {
    bar.append(el("span", { class: "chip", title: "Ask the project's owner for the annotator role to draw." }, "View only"));
    return;
  }
  const undo = iconButton("undo-2", "Undo", "Ctrl+z", () => editor.actions.takeBack(false), { id: "undo" });
  const redo = iconButton("redo-2", "Redo", "Ctrl+Shift+z", () => editor.actions.takeBack(true), { id: "redo" });
  for (const button of [undo, redo]) button.classList.add("small");
  const active = el("span", { class: "active-class", id: "active-class", });
  const saved = el("button", { class: "saved-state", id: "saved-state", type: "button" });
  bar.append(el("div", { class: "button-row", role: "group", "aria-label": "History" }, undo, redo), active, saved);

  const showHistory = () => {
    const { canUndo, canRedo } = editor.history;
    if (canRedo) redo.disabled = false; // before the other hands the focus over
    setDisabled(undo, !canUndo, redo);
    setDisabled(redo, !canRedo, undo);
  };
  const showClass = () => {
    const style = editor.styles.get(editor.activeClass ?? 0);
    const dot = el("span", { class: "swatch" });
    dot.style.background = style.color;
    const words = el("span", { class: "active-class-words" }, "New boxes: ");
    active.replaceChildren(words, dot, el("span", { class: "active-class-name" }, style.name));
    active.title = `Class of the next box: ${style.name}. Keys 1 to 9 choose another.`;
  };
  const showSaved = ({ state, unsent, kept, detail }) => {
    const [name, words] = WORDS[state](unsent);
    saved.dataset.state = state;
    saved.dataset.unsent = unsent;
    saved.dataset.kept = kept; // gestures of this visit that a crash cannot take any more
    saved.title = detail || "Every action is saved by itself.";
    saved.replaceChildren(icon(name), el("span", {}, words));
  };
  saved.addEventListener("click", () => {
    const { state, detail } = editor.ledger.state;
    if (state === "logged-out") location.assign(`/accounts/login/?next=${encodeURIComponent(location.pathname)}`);
    else if (state === "refused") editor.emit("refused", detail);
    else editor.ledger.flush();
  });
  editor.on("history", showHistory);
  editor.on("class", showClass);
  editor.on("saved", showSaved);
  showHistory();
  showClass();
  showSaved(editor.ledger.state);
}
