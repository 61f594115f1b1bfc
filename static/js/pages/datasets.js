// The datasets of a project, or one: the server renders, this keeps what it rendered up to date.
import { endOf } from "../lib/gone.js";
import { pageData } from "../lib/page_data.js";
import { refresher } from "../lib/part.js";
import { connectFeed, feedUrl } from "../lib/socket.js";

const data = pageData("page-data");
const refresh = refresher(() => new URL(location.href), data.part, { onError: endOf(() => feed) });
const isPost = !location.pathname.match(/datasets\/(\d+\/)?$/); // the answer to a form that was refused

const feed = connectFeed(feedUrl(data.project), {
  onMessage(message) {
    const isMine = message.type === "dataset" && (!data.id || message.id === data.id);
    if (!isPost && (isMine || (!data.id && message.type === "run" && message.kind === "synthesise"))) refresh();
  },
  onState(state) {
    document.querySelector("[data-feed-state]").hidden = state !== "polling";
  },
  refetch: () => !isPost && refresh(),
});
window.addEventListener("online", feed.reconnect);
document.addEventListener("visibilitychange", () => { if (!document.hidden) feed.reconnect(); });

// One click, one dataset; the server refuses a second one anyway.
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-once]")) return;
  const button = event.target.querySelector("button[type=submit]");
  if (button.dataset.sent) event.preventDefault();
  button.dataset.sent = "yes";
});
