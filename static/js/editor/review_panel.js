// The side panel's part on the review: whether a reviewer called the annotations right, and the button to do so.
// An edit ends a review by itself, since it speaks of the event that the reviewer saw last.

import { api } from "../lib/api.js";
import { el, icon } from "./dom.js";

const SOON_MS = 60; // the session's sequence follows what the store and the ledger tell
const DAY = { dateStyle: "medium", timeStyle: "short" };

export function createReviewPanel(editor, shortcuts) {
  const panel = document.getElementById("panel-review");
  const state = el("p", { class: "small", id: "review-state", role: "status" });
  const words = el("span", {});
  const button = el("button", { class: "button small", type: "button", id: "review-mark", title: "Mark as reviewed ( r )" }, icon("check-check"), words);
  const told = el("p", { class: "small error-text", id: "review-message", role: "alert", hidden: true });
  panel.append(
    el("div", { class: "panel-head" }, state, ...(editor.mayReview ? [button] : [])), told);

  const reviewed = () => {
    const { review, sequence } = editor.session;
    return Boolean(review && review.reviewed_sequence !== null && review.reviewed_sequence === sequence && !editor.ledger.state.unsent);
  };

  const show = () => {
    const { review, isLoaded } = editor.session;
    panel.hidden = !editor.mayEdit && !(isLoaded && reviewed());
    if (panel.hidden || !isLoaded) return;
    const isOn = reviewed();
    const by = review?.reviewed_at ? `by ${review.reviewed_by || "somebody"}, ${new Date(review.reviewed_at).toLocaleString([], DAY)}` : "";
    const { open } = editor.suggestions.layer ? editor.suggestions.counts() : { open: 0 };
    const left = open ? ` ${open} suggestion${open === 1 ? " is" : "s are"} open; nobody has decided on ${open === 1 ? "it" : "them"}.` : "";
    const text = (isOn ? `Reviewed ${by}.` : by ? `Edited since it was reviewed ${by}.` : "Not reviewed.") + left;
    if (state.textContent !== text) state.textContent = text;
    panel.dataset.reviewed = isOn;
    words.textContent = isOn ? "Take the mark off" : "Mark as reviewed";
  };
  let timer = 0;
  const soon = () => {
    timer ||= setTimeout(() => {
      timer = 0;
      show();
    }, SOON_MS);
  };
  const fail = (text) => {
    told.textContent = text;
    told.hidden = !text;
  };

  const toggle = async () => {
    const { session } = editor;
    if (!session.isLoaded || !session.layer) return;
    fail("");
    if (editor.ledger.state.unsent) {
      editor.ledger.flush();
      return fail("Your last edits are on their way; mark it when they are saved.");
    }
    button.disabled = true;
    const path = `/api/v1/layers/${session.layer}/review/`;
    try {
      const isOn = reviewed();
      session.review = isOn ? await api("DELETE", path) : await api("POST", path, { sequence: session.sequence });
      editor.announce(isOn ? "The mark is off." : "Marked as reviewed.");
    } catch (error) {
      fail(error.message);
    } finally {
      button.disabled = false;
      if (editor.session === session) show();
    }
  };
  button.addEventListener("click", toggle);
  shortcuts.add({ group: "Review", keys: ["r"], label: "Mark as reviewed, or take the mark off", run: () => void toggle(), when: () => editor.mayReview });

  // Somebody else has marked it, or taken the mark off.
  editor.on("review", async ({ layer }) => {
    const { session } = editor;
    if (layer !== session.layer) return;
    const layers = await api("GET", `/api/v1/layers/?frame=${session.frame.id}`).catch(() => []);
    session.review = layers.find(({ id }) => id === session.layer) ?? session.review;
    if (editor.session === session) show();
  });
  for (const event of ["loaded", "particles", "saved"]) editor.on(event, soon);
  editor.suggestions.onChange(soon);
  editor.viewer.on("frame", () => {
    fail("");
    panel.hidden = !editor.mayEdit; // keeps its place: the list below it must not move under who reads it
    state.textContent = "\u00a0";
  });
  panel.hidden = !editor.mayEdit;
  state.textContent = "\u00a0";
}
