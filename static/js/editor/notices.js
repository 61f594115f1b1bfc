// What did not go as asked: who was in the way, and the choice between theirs and mine. Nothing is lost silently.

import { el } from "./dom.js";

const MOST = 4; // at a time
const FIT_SHOWN_MS = 6000; // that no edge was found is seen anyway: the box stays a box

export function createNotices(editor) {
  const box = el("div", { class: "notices", id: "notices", role: "alert" });
  document.getElementById("viewer").append(box);

  const dismiss = (text) => [...box.children].find((other) => other.firstChild.textContent === text)?.remove();
  const post = (text, ...choices) => {
    const close = () => notice.remove();
    const buttons = choices.map(([words, run]) =>
      el("button", { class: "button small", type: "button", onclick: () => (close(), run?.()) }, words),
    );
    const notice = el("div", { class: "message warning notice" }, el("span", {}, text), el("span", { class: "button-row" }, ...buttons));
    dismiss(text);
    box.append(notice);
    while (box.children.length > MOST) box.firstChild.remove();
  };

  // The edit again, on what is there now.
  const takeMine = ({ body, known }) => () => {
    const now = editor.store.get(body.particle);
    if (body.action === "delete") {
      if (now) editor.actions.remove([now]);
      return;
    }
    const mine = { ...(now ?? known), ...body.fields };
    const before = now;
    if (now || known) editor.actions.commit([{ particle: body.particle, before, after: now ? body.fields : mine }]);
    editor.selection.set(body.particle);
  };

  editor.on("trouble", (trouble) => {
    const { status, detail, body, kind } = trouble;
    const mayInsist = status === "conflict" && kind === "edits" && body.particle && (trouble.known || editor.store.has(body.particle));
    if (mayInsist) post(detail, ["Keep theirs"], ["Take mine", takeMine(trouble)]);
    else post(detail, ["OK"]);
    if (kind === "fit") setTimeout(() => dismiss(detail), FIT_SHOWN_MS);
  });
  editor.on("unloaded", (error) => post(`The annotations could not be loaded: ${error.message}`, ["Try again", () => editor.open(editor.viewer.frame)]));
  editor.on("refused", (detail) =>
    post(`Some edits were refused and are kept in this browser: ${detail}`, ["Keep them"], ["Discard them", () => {
      editor.ledger.discardRefused().then(() => editor.open(editor.viewer.frame));
    }]),
  );
}
