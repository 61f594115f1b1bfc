import { autoSubmit } from "../lib/auto_submit.js";
import { endOf } from "../lib/gone.js";
import { pageData } from "../lib/page_data.js";
import { refresher } from "../lib/part.js";
import { connectFeed, feedUrl } from "../lib/socket.js";
import { watchDrops } from "../upload/drops.js";
import { worthSending } from "../upload/files.js";
import { createPanel } from "../upload/panel.js";
import { createTransfer } from "../upload/transfer.js";

const COUNTS_MS = 5000; // how often counts of particles may be asked for while people draw
const data = pageData("page-data");
const find = (selector) => document.querySelector(selector);

function partUrl() {
  const url = new URL(location.href);
  url.searchParams.set("part", "list");
  return url;
}

const refresh = refresher(partUrl, "#acquisitions", { onError: endOf(() => feed) });

let countsTimer = null;
function refreshCounts() {
  countsTimer ??= setTimeout(() => { countsTimer = null; refresh(); }, COUNTS_MS);
}

const panel = data.may_upload ? setUpUploads() : null;

function showReading(message) {
  panel?.tell(message);
  const card = document.getElementById(`acquisition-${message.id}`);
  if (card?.dataset.status !== message.status) return refresh();
  const bar = card.querySelector("progress");
  if (!bar) return undefined;
  bar.value = message.progress;
  card.querySelector("[data-percent]").textContent = `reading ${Math.round(message.progress * 100)} %`;
  return undefined;
}

const feed = connectFeed(feedUrl(data.project), {
  onMessage(message) {
    if (message.type === "acquisition") showReading(message);
    else if (message.type === "members") refresh();
    else refreshCounts();
  },
  onState(state) {
    find("[data-feed-state]").hidden = state !== "polling";
  },
  refetch() {
    refresh();
    panel?.refetch();
  },
});
window.addEventListener("online", feed.reconnect);
document.addEventListener("visibilitychange", () => { if (!document.hidden) feed.reconnect(); });
autoSubmit();

function setUpUploads() {
  const panel = createPanel(find("[data-uploads]"), find("#upload-row"), { transfer: createTransfer(data) });
  find("[data-upload-actions]").hidden = false;
  for (const kind of ["files", "folder"]) {
    const input = find(`input[data-${kind}]`);
    input.addEventListener("change", () => {
      panel.add(kind === "folder" ? worthSending([...input.files]) : [...input.files]);
      input.value = ""; // so that the same file can be chosen again
    });
  }
  // On the document: the button of the empty list comes and goes with the list.
  document.addEventListener("click", (event) => {
    const kind = event.target.closest("[data-pick]")?.dataset.pick;
    if (kind) find(`input[data-${kind}]`).click();
  });
  watchDrops(find("[data-drop-over]"), panel.add);
  window.addEventListener("beforeunload", (event) => { if (panel.isBusy) event.preventDefault(); });
  return panel;
}
