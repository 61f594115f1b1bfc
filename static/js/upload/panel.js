// The list of this page's uploads: rows, their summary, and what the live feed tells of them afterwards.
import { api } from "../lib/api.js";
import { createQueue } from "./queue.js";
import { createRow } from "./row.js";
import { summaryText } from "./summary.js";

const READ = new Set(["ready", "refused", "failed"]);

export function createPanel(root, template, { transfer }) {
  const list = root.querySelector("[data-uploads-list]");
  const summary = root.querySelector("[data-uploads-summary]");
  const rows = new Map();

  const acts = {
    pause: (item) => queue.pause(item),
    resume: (item) => queue.resume(item),
    retry: (item) => queue.resume(item),
    cancel: (item) => queue.cancel(item),
  };
  const queue = createQueue({ transfer, onChange: show });

  function show(item) {
    if (!rows.has(item)) {
      const row = createRow(template, item, { onAct: (act, which) => acts[act](which) });
      rows.set(item, row);
      list.append(row.element);
      root.hidden = false;
    }
    rows.get(item).show();
    summarise();
  }

  function summarise() {
    const text = summaryText(queue.items);
    if (summary.textContent !== text) summary.textContent = text; // read out: only when it says something new
  }

  root.querySelector("[data-uploads-clear]").addEventListener("click", () => {
    for (const item of [...queue.items]) {
      const isRead = item.state === "done" && READ.has(item.outcome.acquisition.status);
      if (!isRead && item.state !== "cancelled") continue;
      rows.get(item).element.remove();
      rows.delete(item);
      queue.forget(item);
    }
    root.hidden = !queue.items.length;
    summarise();
  });

  async function ask(item) {
    try {
      item.outcome = { ...item.outcome, ...(await api("GET", item.outcome.url)) };
      show(item);
    } catch {
      // The next word of the feed, or its next poll, asks again.
    }
  }

  function pending() {
    return queue.items.filter((item) => item.state === "done" && !READ.has(item.outcome.acquisition.status));
  }

  return {
    add: (files) => queue.add(files),
    // A message of the feed about an acquisition.
    tell(message) {
      for (const item of pending()) {
        if (item.outcome.acquisition.id !== message.id) continue;
        Object.assign(item.outcome.acquisition, { status: message.status, progress: message.progress, message: message.message });
        show(item);
        if (READ.has(message.status)) ask(item); // for its page
      }
    },
    // What the feed may have missed.
    refetch: () => Promise.all(pending().map(ask)),
    get isBusy() {
      return queue.isBusy;
    },
  };
}
