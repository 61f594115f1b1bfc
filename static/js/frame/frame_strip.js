// The strip below the picture: frames of a stack, or the images of the project. Only what is in view exists as
// elements, so a movie of thousands of frames costs no more than one of twenty.

import { api } from "../lib/api.js";

const ITEM_PX = 84; // width of one thumbnail with its gap
const SPARE = 3; // items made beyond each side of the view

export function createFrameStrip(viewer, { open }) {
  const root = document.getElementById("frame-strip");
  const track = document.createElement("div");
  track.className = "track";
  root.append(track);
  const shown = new Map(); // index -> button
  let strip = { ids: [], labels: [] };
  let url = "";

  const item = (index) => {
    const id = strip.ids[index];
    const button = document.createElement("button");
    button.type = "button";
    button.className = "strip-item";
    button.tabIndex = -1; // the strip is one stop; [ and ] step through it
    button.style.left = `${index * ITEM_PX}px`;
    button.title = strip.labels[index];
    button.setAttribute("aria-label", `Show ${strip.labels[index]}`);
    const picture = document.createElement("img");
    picture.src = `/api/v1/frames/${id}/thumbnail`;
    picture.alt = "";
    picture.draggable = false;
    const label = document.createElement("span");
    label.textContent = strip.labels[index];
    button.append(picture, label);
    button.addEventListener("click", () => {
      open(id);
      viewer.canvas.focus({ preventScroll: true });
    });
    return button;
  };

  const mark = () => {
    for (const [index, button] of shown) {
      const isCurrent = strip.ids[index] === viewer.frame.id;
      button.classList.toggle("is-current", isCurrent);
      if (isCurrent) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  };

  const draw = () => {
    const first = Math.max(0, Math.floor(root.scrollLeft / ITEM_PX) - SPARE);
    const last = Math.min(strip.ids.length, Math.ceil((root.scrollLeft + root.clientWidth) / ITEM_PX) + SPARE);
    for (const [index, button] of shown) {
      if (index >= first && index < last) continue;
      button.remove();
      shown.delete(index);
    }
    for (let index = first; index < last; index++) {
      if (shown.has(index)) continue;
      shown.set(index, item(index));
      track.append(shown.get(index));
    }
    mark();
  };

  const reveal = () => {
    const place = strip.ids.indexOf(viewer.frame.id) * ITEM_PX;
    if (place < 0) return;
    if (place < root.scrollLeft + ITEM_PX || place > root.scrollLeft + root.clientWidth - 2 * ITEM_PX) {
      root.scrollLeft = place - root.clientWidth / 2 + ITEM_PX / 2;
    }
    draw();
  };

  const load = async () => {
    // Any frame of the strip gives the same strip: asked for once, and again where a frame is not in it.
    if (strip.ids.includes(viewer.frame.id)) return reveal();
    const asked = (url = viewer.frame.strip_url);
    let found;
    try {
      found = await api("GET", asked);
    } catch {
      return undefined; // the strip is a convenience; keys and buttons still step
    }
    if (asked !== url) return undefined;
    strip = found;
    for (const button of shown.values()) button.remove();
    shown.clear();
    root.hidden = strip.ids.length < 2;
    root.setAttribute("aria-label", strip.title);
    track.style.width = `${strip.ids.length * ITEM_PX}px`;
    return reveal();
  };

  root.setAttribute("role", "group");
  root.addEventListener("scroll", draw, { passive: true });
  // A wheel that only knows up and down moves the strip sideways.
  root.addEventListener(
    "wheel",
    (event) => {
      if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) return;
      event.preventDefault();
      root.scrollLeft += event.deltaY;
    },
    { passive: false },
  );
  new ResizeObserver(draw).observe(root);
  viewer.on("frame", load);
  load();
}
