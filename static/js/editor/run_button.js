// “Find particles”: starts an engine on this frame and follows it to its end, by the live feed or by asking.

import { api } from "../lib/api.js";
import { el, icon } from "./dom.js";

const ASK_EVERY_MS = 1500;
const SOON_MS = 3000; // a run that waits longer than this is told why
const BUSY = "The worker is busy with other work; this search starts by itself.";
const ENDED = new Set(["succeeded", "failed", "cancelled"]);

export function createRunButton(editor) {
  const words = el("span", {}, "Find particles");
  const start = el("button", { class: "button small primary", type: "button", id: "find-particles" }, icon("sparkles"), words);
  const cancel = el("button", { class: "button small", type: "button", id: "cancel-run", hidden: true }, "Cancel");
  const bar = el("progress", { max: "1", "aria-label": "Progress of the search", hidden: true });
  const told = el("p", { class: "small", id: "run-message", role: "status" });
  const element = el("div", { class: "run-row" }, ...(editor.mayEdit ? [el("div", { class: "button-row" }, start, cancel), bar] : []), told);
  let run = null; // the one followed
  let timer = 0;
  let startedAt = 0;

  const show = (message = "") => {
    const isOn = run !== null && !ENDED.has(run.status);
    start.disabled = isOn;
    bar.hidden = cancel.hidden = !isOn;
    if (isOn && run.frames_total > 1) bar.value = run.frames_done / run.frames_total;
    else bar.removeAttribute("value");
    words.textContent = isOn ? (run.status === "queued" ? "Waiting to start…" : "Looking…") : "Find particles";
    const isLate = isOn && run.status === "queued" && Date.now() - startedAt > SOON_MS;
    told.textContent = message || (isOn ? run.message || (isLate ? BUSY : "") : "");
    told.hidden = !told.textContent;
  };

  const follow = async () => {
    clearTimeout(timer);
    const asked = run;
    try {
      const now = await api("GET", `/api/v1/runs/${asked.id}/`);
      if (run !== asked) return;
      run = now;
    } catch (error) {
      if (run !== asked) return;
      if (!error.isTransient) run = null;
      show(error.message);
    }
    if (!run) return;
    if (!ENDED.has(run.status)) {
      show();
      timer = setTimeout(follow, ASK_EVERY_MS);
      return;
    }
    const ended = run;
    run = null;
    if (ended.status !== "succeeded") return show(ended.message || `The search was ${ended.status}.`);
    await editor.suggestions.reload({ isNewest: true });
    const { open, shown, there } = editor.suggestions.counts();
    const more = open > shown ? ` ${open - shown} less sure ones are hidden by the confidence below.` : "";
    const known = there ? `${there} ${there === 1 ? "is" : "are"} there already.` : "";
    const found = open ? `${shown} found.${more} ${known}`.trim() : known && `Nothing new was found: ${known}`;
    show(ended.message || found || "Nothing was found on this image.");
    editor.announce(`${shown} suggestions`);
  };

  start.addEventListener("click", async () => {
    start.disabled = true;
    startedAt = Date.now();
    try {
      run = await api("POST", "/api/v1/runs/", { project: editor.project, frame: editor.viewer.frame.id });
      show();
      follow();
    } catch (error) {
      run = null;
      show(error.message);
    }
  });
  cancel.addEventListener("click", async () => {
    try {
      await api("POST", `/api/v1/runs/${run.id}/cancel/`);
    } catch (error) {
      show(error.message);
    }
  });
  // The feed tells of every run of the project; a run over all of it may have reached this frame.
  editor.on("run", (message) => {
    if (run && [message.id, message.run].includes(run.id)) follow();
    else if (!run && ENDED.has(message.status)) editor.suggestions.reload().catch(() => {});
  });
  editor.viewer.on("frame", () => {
    clearTimeout(timer);
    run = null;
    show();
  });
  // A search that was begun before this page was loaded, or by somebody else.
  let askedFor = null; // once a frame, not each time that its particles are read anew
  editor.on("loaded", async ({ id }) => {
    if (run || askedFor === editor.session) return;
    askedFor = editor.session;
    const { results } = await api("GET", `/api/v1/runs/?frame=${id}&limit=1`).catch(() => ({ results: [] }));
    if (run || editor.viewer.frame.id !== id || !results.length || ENDED.has(results[0].status)) return;
    [run] = results;
    startedAt = Date.parse(run.created_at);
    show();
    follow();
  });
  show();
  return { element };
}
