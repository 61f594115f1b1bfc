// One upload's row: what it shows in each state of the queue, and then of the acquisition it has become.
import { createMeter, progressText, sizeText } from "./meter.js";

const BUTTONS = {
  waiting: ["pause", "cancel"],
  sending: ["pause", "cancel"],
  paused: ["resume", "cancel"],
  stopped: ["retry", "cancel"],
  finishing: [],
  done: [],
  cancelled: [],
};
const NOTES = {
  waiting: () => "Waiting its turn",
  sending: (item, speed) => progressText(item.sent, item.file.size, speed),
  paused: (item) => `Paused at ${progressText(item.sent, item.file.size)}`,
  stopped: (item) => item.error.detail,
  finishing: () => "Checking",
  cancelled: () => "Cancelled",
};
const READING = {
  queued: () => "Uploaded; waiting to be read",
  importing: (acquisition) => `Reading ${Math.round(acquisition.progress * 100)} %`,
  ready: () => "Ready",
  refused: (acquisition) => acquisition.message,
  failed: (acquisition) => acquisition.message,
};

export function createRow(template, item, { onAct }) {
  const element = template.content.firstElementChild.cloneNode(true);
  const find = (selector) => element.querySelector(selector);
  const meter = createMeter();
  const bar = find("progress");
  let last = null;
  find("[data-name]").textContent = item.file.name;
  find("[data-size]").textContent = sizeText(item.file.size);
  bar.setAttribute("aria-label", `Upload of ${item.file.name}`);
  for (const button of element.querySelectorAll("[data-act]")) {
    button.setAttribute("aria-label", `${button.textContent.trim()} ${item.file.name}`);
    button.addEventListener("click", () => onAct(button.dataset.act, item));
  }

  function showUpload() {
    if (item.state !== last) meter.clear();
    if (item.state === "sending") meter.add(item.sent);
    last = item.state;
    element.dataset.state = item.state;
    bar.value = item.file.size ? item.sent / item.file.size : 0;
    find("[data-note]").textContent = NOTES[item.state](item, meter.speed);
    showButtons(BUTTONS[item.state]);
  }

  function showButtons(shown) {
    const focused = document.activeElement;
    for (const button of element.querySelectorAll("[data-act]")) button.hidden = !shown.includes(button.dataset.act);
    // A button that goes while it has the focus hands it to the one in its place.
    if (element.contains(focused) && focused.hidden) element.querySelector("[data-act]:not([hidden])")?.focus();
  }

  // `outcome` is the API's upload: its acquisition, and a message where the file was known before.
  function showOutcome({ acquisition, message, is_new: isNew }) {
    element.dataset.state = acquisition.status;
    bar.hidden = acquisition.status !== "queued" && acquisition.status !== "importing";
    if (acquisition.status === "importing" && acquisition.progress) bar.value = acquisition.progress;
    else bar.removeAttribute("value"); // waiting: no end in sight
    bar.setAttribute("aria-label", `Reading of ${item.file.name}`);
    const reading = READING[acquisition.status](acquisition);
    find("[data-note]").textContent = isNew || !message ? reading : message;
    element.toggleAttribute("data-known", !isNew);
    showButtons([]);
    const open = find("[data-open]");
    open.hidden = !acquisition.page_url && isNew;
    open.href = acquisition.page_url || `#acquisition-${acquisition.id}`;
    open.setAttribute("aria-label", `Open ${acquisition.name}`);
  }

  return {
    element,
    show() {
      if (item.state === "done") showOutcome(item.outcome);
      else showUpload();
    },
  };
}
