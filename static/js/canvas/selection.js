// Which particles are selected, and which one is pointed at. Knows no DOM.

export function createSelection() {
  const ids = new Set();
  const listeners = new Set();
  const changed = () => {
    for (const listener of listeners) listener();
  };
  return {
    ids,
    hovered: null,
    get size() {
      return ids.size;
    },
    // The only one, or null.
    get single() {
      return ids.size === 1 ? ids.values().next().value : null;
    },
    has: (id) => ids.has(id),
    set(...some) {
      if (some.length === ids.size && some.every((id) => ids.has(id))) return;
      ids.clear();
      for (const id of some) ids.add(id);
      changed();
    },
    add(...some) {
      for (const id of some) ids.add(id);
      changed();
    },
    toggle(id) {
      if (!ids.delete(id)) ids.add(id);
      changed();
    },
    // Forgets what is there no more.
    keep(isThere) {
      const gone = [...ids].filter((id) => !isThere(id));
      if (!gone.length) return;
      for (const id of gone) ids.delete(id);
      changed();
    },
    hover(id) {
      if (this.hovered === id) return;
      this.hovered = id;
      changed();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
