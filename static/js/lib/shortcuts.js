// Keys live in one table: who offers something by key adds it here, and the help page is made from the table.
//
//   shortcuts.add({keys: ["0"], label: "Fit to the window", group: "View", run: (event) => ..., when: () => true})
//
// A key is event.key, after Ctrl+, Alt+ and, where it matters, Shift+: "a", "Ctrl+z", "Shift+ArrowUp". The last
// added entry whose `when` holds and whose `run` does not return false gets the key. Command counts as Ctrl.

const TYPING = "input:not([type=checkbox], [type=radio], [type=button], [type=range]), textarea, select, [contenteditable]";
// What a focused control does with these keys itself.
const OWN_KEYS = { "input[type=range]": /^(Arrow|Page|Home|End)/, "a, button, summary, [role=button]": /^(Enter| )$/ };

export function keyName(event) {
  const isLetter = event.key.length === 1 && event.key.toLowerCase() !== event.key.toUpperCase();
  const key = isLetter ? event.key.toLowerCase() : event.key;
  // Shift is part of the character for "+" or "?", and worth a name for letters and named keys.
  const needsShift = event.shiftKey && (isLetter || event.key.length > 1 || event.key === " ");
  const ctrl = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
  return `${ctrl}${event.altKey ? "Alt+" : ""}${needsShift ? "Shift+" : ""}${key}`;
}

const isTaken = (event) => {
  const target = event.target;
  if (!(target instanceof Element)) return false;
  if (target.closest("dialog[open], [popover]:popover-open")) return true;
  if (target.matches(TYPING)) return true;
  return Object.entries(OWN_KEYS).some(([selector, keys]) => target.matches(selector) && keys.test(event.key));
};

export function createShortcuts(target = document) {
  const entries = [];
  target.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || isTaken(event)) return;
    const name = keyName(event);
    for (let i = entries.length - 1; i >= 0; i--) {
      const entry = entries[i];
      if (!entry.keys.includes(name) || (entry.when && !entry.when())) continue;
      if (entry.run(event) === false) continue;
      event.preventDefault();
      return;
    }
  });
  return {
    add(entry) {
      entries.push(entry);
      return () => entries.splice(entries.indexOf(entry), 1);
    },
    // [{group, entries: [{keys, label}]}] in the order they were added; entries without a label stay out.
    table() {
      const groups = new Map();
      for (const { group = "Other", keys, label, shownKeys } of entries) {
        if (!label) continue;
        if (!groups.has(group)) groups.set(group, []);
        groups.get(group).push({ keys: shownKeys ?? keys, label });
      }
      return [...groups].map(([group, list]) => ({ group, entries: list }));
    },
  };
}
