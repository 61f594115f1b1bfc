// Exchange what changed in a part of the page for what the server renders now; what is equal stays untouched,
// and with it focus, scrolling and loaded pictures. Children are known again by their id; what a script draws
// itself says data-keep and is left alone.
import { ApiError } from "./api.js";

export function morph(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  const isSameKind = old.nodeType === 1 && old.nodeName === fresh.nodeName && old.id && old.id === fresh.id;
  if (isSameKind && old.hasAttribute("data-keep")) return;
  const isList = isSameKind && [...fresh.children, ...old.children].every((child) => child.id);
  if (!isSameKind || !isList || !(old.children.length || fresh.children.length)) {
    old.replaceWith(fresh);
    return;
  }
  for (const { name, value } of fresh.attributes) old.setAttribute(name, value);
  const known = new Map([...old.children].map((child) => [child.id, child]));
  let place = old.firstElementChild;
  for (const child of [...fresh.children]) {
    const same = known.get(child.id);
    known.delete(child.id);
    if (!same) {
      old.insertBefore(child, place);
      continue;
    }
    if (same === place) place = place.nextElementSibling;
    else old.insertBefore(same, place);
    morph(same, child);
  }
  for (const gone of known.values()) gone.remove();
}

async function load(url, selector) {
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin", headers: { Accept: "text/html" } });
  } catch {
    throw new ApiError({ status: 0, code: "offline" });
  }
  if (!response.ok || response.redirected) throw new ApiError({ status: response.redirected ? 401 : response.status });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  return document.adoptNode(page.querySelector(selector));
}

// A function that brings `selector` up to date: at once, then at most every `pauseMs`, and never two at a time.
export function refresher(url, selector, { pauseMs = 1000, onError = () => {}, onFresh = () => {} } = {}) {
  let isBusy = false;
  let isWanted = false;

  return async function refresh() {
    isWanted = true;
    if (isBusy) return;
    isBusy = true;
    while (isWanted) {
      isWanted = false;
      try {
        const fresh = await load(url(), selector);
        const focused = document.activeElement?.closest(`${selector} [id]`)?.id;
        morph(document.querySelector(selector), fresh);
        const isLost = focused && document.activeElement === document.body;
        if (isLost) document.getElementById(focused)?.querySelector("a, button")?.focus({ preventScroll: true });
        onFresh();
      } catch (error) {
        onError(error);
      }
      await new Promise((done) => setTimeout(done, pauseMs));
    }
    isBusy = false;
  };
}
