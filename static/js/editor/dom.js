// Building small pieces of page: el("button", {class: "button", type: "button", onclick: ...}, "words", icon("x")).

const SVG = "http://www.w3.org/2000/svg";
const ICONS = new URL("../../img/icons.svg", import.meta.url);

export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const attributes = { class: "icon", "aria-hidden": "true", focusable: "false", fill: "none", stroke: "currentColor", "stroke-width": "2", "stroke-linecap": "round", "stroke-linejoin": "round" };
  for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, value);
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${ICONS.pathname}#${name}`);
  svg.append(use);
  return svg;
}

// A button that is disabled under the keyboard's focus would drop it to the page's start: `fallback` takes it.
export function setDisabled(button, isDisabled, fallback) {
  const losesFocus = isDisabled && document.activeElement === button && button.matches(":focus-visible");
  button.disabled = isDisabled;
  if (losesFocus) fallback.focus({ preventScroll: true });
}

export function iconButton(name, label, key, onclick, more = {}) {
  const title = key ? `${label} ( ${key} )` : label;
  return el("button", { class: "button quiet icon-only", type: "button", title, "aria-label": label, onclick, ...more }, icon(name));
}
