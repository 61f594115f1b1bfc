// From frame to frame without loading the page again: by key, button, strip and the browser's own Back.
// Neighbours are fetched beforehand, so that the next picture is there when it is asked for.

import { api } from "../lib/api.js";
import { toast } from "../lib/toast.js";

const byId = (id) => document.getElementById(id);
const PREFETCH_AFTER_MS = 150; // the present frame's own tiles come first
const KEEP = 50; // descriptions of frames

export function createNavigation(viewer) {
  const known = new Map([[viewer.frame.id, viewer.frame]]);
  let wanted = viewer.frame.id;
  let prefetching = 0;

  const describe = async (id) => {
    if (known.has(id)) return known.get(id);
    const frame = await api("GET", `/api/v1/frames/${id}/`);
    known.set(id, frame);
    if (known.size > KEEP) known.delete(known.keys().next().value);
    return frame;
  };

  const prefetch = async () => {
    const { id, next, previous } = viewer.frame;
    for (const neighbour of [next, previous]) {
      if (!neighbour) continue;
      try {
        const frame = await describe(neighbour);
        if (viewer.frame.id !== id) return;
        viewer.cache.prefetch(frame, viewer.image.tilesFor(frame));
      } catch {
        return; // it is only for speed: asking for the frame itself says what is wrong
      }
      await new Promise((resolve) => setTimeout(resolve, PREFETCH_AFTER_MS));
      if (viewer.frame.id !== id) return;
    }
  };

  const showPlace = (frame) => {
    const ofStack = frame.n_frames > 1;
    byId("frame-position").textContent = ofStack ? `${frame.index + 1} / ${frame.n_frames}` : "";
    for (const [id, neighbour] of [["frame-previous", frame.previous], ["frame-next", frame.next]]) {
      byId(id).disabled = !neighbour;
    }
    byId("frame-title").textContent = `${frame.name}${ofStack ? `, frame ${frame.index + 1}` : ""}`;
    byId("acquisition-link").textContent = byId("acquisition-link").title = frame.name;
    byId("acquisition-link").href = frame.acquisition_url;
    for (const link of document.querySelectorAll("a[data-acquisition]")) link.href = frame.acquisition_url;
    document.title = `${frame.name}${ofStack ? ` · frame ${frame.index + 1}` : ""} · etemweb`;
    clearTimeout(prefetching);
    prefetching = setTimeout(prefetch, PREFETCH_AFTER_MS);
  };

  const open = async (id, { keepsHistory = true } = {}) => {
    wanted = id;
    let frame;
    try {
      frame = await describe(id);
    } catch (error) {
      if (wanted === id) toast(error.message, "error");
      return;
    }
    if (wanted !== id || viewer.frame.id === id) return; // overtaken by a later wish
    if (keepsHistory) history.pushState({ frame: id }, "", frame.page_url);
    viewer.show(frame);
    const place = frame.n_frames > 1 ? `frame ${frame.index + 1} of ${frame.n_frames}` : frame.name;
    viewer.announce(`Showing ${place}`);
  };

  const take = async (name) => {
    // From where the user is heading, so that quick presses are not lost.
    const from = await describe(wanted).catch(() => viewer.frame);
    if (!from[name]) {
      viewer.announce(name === "next" ? "This is the last image." : "This is the first image.");
      return;
    }
    open(from[name]);
  };

  let steps = Promise.resolve(); // one after another: each must know where the one before it is heading
  const step = (name) => {
    steps = steps.then(() => take(name));
  };

  history.replaceState({ frame: viewer.frame.id }, "");
  addEventListener("popstate", (event) => {
    if (event.state?.frame) open(event.state.frame, { keepsHistory: false });
  });
  byId("frame-previous").addEventListener("click", () => step("previous"));
  byId("frame-next").addEventListener("click", () => step("next"));
  const group = "Images";
  viewer.shortcuts.add({ group, keys: ["]", "PageDown"], label: "Next image", run: () => step("next") });
  viewer.shortcuts.add({ group, keys: ["[", "PageUp"], label: "Previous image", run: () => step("previous") });

  viewer.on("frame", showPlace);
  // A calibration reaches frames that were described before it.
  viewer.on("calibration", (frame) => {
    for (const id of known.keys()) if (id !== frame.id) known.delete(id);
  });
  showPlace(viewer.frame);
  return { open };
}
