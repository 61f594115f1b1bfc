// The page of keys, made from the table of shortcuts each time it opens.

const NAMES = { " ": "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", "-": "−" };
const readable = (key) =>
  key.split(/(?<=.)\+(?=.)/).map((part) => NAMES[part] ?? (part.length === 1 ? part.toUpperCase() : part)).join(" + ");

const element = (name, text = "") => {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
};

function groupTable({ group, entries }) {
  const section = element("section");
  const list = element("dl");
  for (const { keys, label } of entries) {
    const term = element("dt");
    keys.forEach((key, i) => {
      if (i) term.append(" or ");
      term.append(element("kbd", readable(key)));
    });
    list.append(term, element("dd", label));
  }
  section.append(element("h3", group), list);
  return section;
}

export function createKeysDialog(shortcuts) {
  const dialog = document.getElementById("keys");
  const open = () => {
    dialog.querySelector(".keys-body").replaceChildren(...shortcuts.table().map(groupTable));
    dialog.showModal();
  };
  document.getElementById("show-keys").addEventListener("click", open);
  document.getElementById("keys-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  shortcuts.add({ group: "Page", keys: ["?"], label: "Show all keys", run: open });
}
