// Models, comparisons and the queue: the server renders, this keeps what it rendered up to date.
import { endOf } from "../lib/gone.js";
import { pageData } from "../lib/page_data.js";
import { refresher } from "../lib/part.js";
import { connectFeed, feedUrl } from "../lib/socket.js";

const KINDS = new Set(["run", "model", "promotion", "dataset"]);
const data = pageData("page-data");
const refresh = data.part ? refresher(() => new URL(location.href), data.part, { onError: endOf(() => feed) }) : () => {};

// What somebody is filling in is not exchanged under their hands.
const isBusy = () => document.activeElement?.closest(`${data.part} form`) !== null && document.activeElement !== document.body;

const feed = connectFeed(feedUrl(data.project), {
  onMessage(message) {
    if (KINDS.has(message.type) && !isBusy()) refresh();
  },
  onState(state) {
    document.querySelector("[data-feed-state]").hidden = state !== "polling";
  },
  refetch: refresh,
});
window.addEventListener("online", feed.reconnect);
document.addEventListener("visibilitychange", () => { if (!document.hidden) feed.reconnect(); });

// One click, one run or promotion; the server refuses a second one anyway.
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-once]")) return;
  const button = event.target.querySelector("button[type=submit]");
  if (button.dataset.sent) event.preventDefault();
  button.dataset.sent = "yes";
});
