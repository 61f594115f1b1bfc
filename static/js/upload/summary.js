// What has become of all uploads of a page, in one line.
const READ = { ready: "ready", refused: "no image", failed: "failed" };

export function summaryText(items) {
  const counts = new Map();
  const shown = items.filter((item) => item.state !== "cancelled");
  const add = (words) => counts.set(words, (counts.get(words) ?? 0) + 1);
  for (const item of shown) {
    if (item.state === "stopped") add("stopped");
    if (item.state === "done") add(READ[item.outcome.acquisition.status] ?? "being read");
  }
  const uploaded = shown.filter((item) => item.state === "done").length;
  const rest = ["ready", "being read", "no image", "failed", "stopped"];
  const told = rest.filter((words) => counts.has(words)).map((words) => `${counts.get(words)} ${words}`);
  return [`${uploaded} of ${shown.length} uploaded`, ...told].join(" · ");
}
