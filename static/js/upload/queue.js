// Files waiting their turn. Knows nothing of the page or the network: `transfer` does the sending.
//
// An item's state: waiting -> sending -> finishing -> done, with paused and stopped (an error: retry) on the way,
// and cancelled. `transfer(file, events)` gives {pause, resume, cancel}; events are progress(sent), finishing(),
// done(outcome) and failed(error).
const AT_ONCE = 3;
const OVER = new Set(["done", "cancelled"]);

const isSame = (a, b) => a.name === b.name && a.size === b.size && a.lastModified === b.lastModified;

export function createQueue({ transfer, onChange, atOnce = AT_ONCE }) {
  const items = [];
  let nextId = 1;

  function set(item, change) {
    Object.assign(item, change);
    onChange(item);
  }

  function fill() {
    const active = () => items.filter((item) => item.state === "sending").length;
    for (const item of items) {
      if (active() >= atOnce) return;
      if (item.state === "waiting") begin(item);
    }
  }

  function begin(item) {
    set(item, { state: "sending", error: null });
    if (item.handle) {
      item.handle.resume();
      return;
    }
    const run = (item.run = {}); // events of an earlier try are no longer listened to
    const live = (call) => (value) => {
      if (item.run === run && !OVER.has(item.state)) call(value);
    };
    item.handle = transfer(item.file, {
      progress: live((sent) => set(item, { sent })),
      finishing: live(() => { set(item, { state: "finishing", sent: item.file.size }); fill(); }),
      done: live((outcome) => { set(item, { state: "done", outcome }); fill(); }),
      failed: live((error) => {
        set(item, { state: "stopped", error, handle: null });
        fill();
      }),
    });
  }

  return {
    items,
    add(files) {
      for (const file of files) {
        // Dropped again while it is on its way: two transfers of one file would only get into each other's way.
        const known = items.find((item) => !OVER.has(item.state) && isSame(item.file, file));
        if (known) {
          this.resume(known);
          continue;
        }
        const item = { id: nextId++, file, state: "waiting", sent: 0, error: null, outcome: null, handle: null };
        items.push(item);
        onChange(item);
      }
      fill();
    },
    pause(item) {
      if (item.state !== "sending" && item.state !== "waiting") return;
      item.handle?.pause();
      set(item, { state: "paused" });
      fill();
    },
    resume(item) {
      if (item.state !== "paused" && item.state !== "stopped") return;
      set(item, { state: "waiting", error: null });
      fill();
    },
    cancel(item) {
      if (OVER.has(item.state)) return;
      item.handle?.cancel();
      set(item, { state: "cancelled", handle: null });
      fill();
    },
    forget(item) {
      items.splice(items.indexOf(item), 1);
    },
    get isBusy() {
      return items.some((item) => ["waiting", "sending", "finishing", "paused"].includes(item.state));
    },
  };
}
