// A page that the server renders, kept up to date: the part named by the page's data is fetched anew when told.
import { endOf } from "./gone.js";
import { pageData } from "./page_data.js";
import { refresher } from "./part.js";
import { connectFeed, feedUrl } from "./socket.js";

/**
 * @param isMine whether a message of the project's feed concerns what is shown
 * @param isHeld whether what is shown must stay as it is for now
 * @param listen told every message; called without one where some may have been missed
 */
export function keepFresh(isMine, { isHeld = () => false, listen = () => {} } = {}) {
  const data = pageData("page-data");
  const again = data.part ? refresher(() => new URL(location.href), data.part, { onError: endOf(() => feed) }) : () => {};
  const refresh = () => { if (!isHeld()) again(); };
  const feed = connectFeed(feedUrl(data.project), {
    onMessage(message) {
      if (isMine(message, data)) refresh();
      listen(message);
    },
    onState(state) {
      document.querySelector("[data-feed-state]").hidden = state !== "polling";
    },
    refetch() {
      refresh();
      listen();
    },
  });
  window.addEventListener("online", feed.reconnect);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) feed.reconnect(); });
}
