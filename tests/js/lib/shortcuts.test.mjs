import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.Element = class {};
const { createShortcuts, keyName } = await import("../../../static/js/lib/shortcuts.js");

const pressed = (key, over = {}) => ({ key, shiftKey: false, ctrlKey: false, altKey: false, metaKey: false, ...over });

test("a key's name holds the modifiers that matter", () => {
  assert.equal(keyName(pressed("a")), "a");
  assert.equal(keyName(pressed("A", { shiftKey: true })), "Shift+a");
  assert.equal(keyName(pressed("A")), "a"); // caps lock
  assert.equal(keyName(pressed("+", { shiftKey: true })), "+");
  assert.equal(keyName(pressed("?", { shiftKey: true })), "?");
  assert.equal(keyName(pressed("ArrowUp", { shiftKey: true })), "Shift+ArrowUp");
  assert.equal(keyName(pressed("z", { metaKey: true })), "Ctrl+z");
  assert.equal(keyName(pressed("Z", { ctrlKey: true, shiftKey: true })), "Ctrl+Shift+z");
});

function opened() {
  const target = new EventTarget();
  const shortcuts = createShortcuts(target);
  const press = (key, over) => {
    const event = Object.assign(new Event("keydown", { cancelable: true }), pressed(key, over));
    target.dispatchEvent(event);
    return event.defaultPrevented;
  };
  return { shortcuts, press };
}

test("the last added that wants the key gets it; one that returns false passes it on", () => {
  const { shortcuts, press } = opened();
  const ran = [];
  let isSelected = false;
  shortcuts.add({ keys: ["ArrowLeft"], run: () => void ran.push("pan") });
  shortcuts.add({ keys: ["ArrowLeft"], when: () => isSelected, run: () => void ran.push("nudge") });
  shortcuts.add({ keys: ["ArrowLeft"], run: () => false });
  assert.ok(press("ArrowLeft"));
  isSelected = true;
  press("ArrowLeft");
  assert.deepEqual(ran, ["pan", "nudge"]);
  assert.equal(press("q"), false);
});

test("what was added can be taken away", () => {
  const { shortcuts, press } = opened();
  const remove = shortcuts.add({ keys: ["x"], run: () => {} });
  assert.ok(press("x"));
  remove();
  assert.equal(press("x"), false);
});

test("the table is grouped and leaves out entries without words", () => {
  const { shortcuts } = opened();
  shortcuts.add({ group: "View", keys: ["0"], label: "Fit", run() {} });
  shortcuts.add({ group: "Tools", keys: ["h"], label: "Hand", run() {} });
  shortcuts.add({ group: "View", keys: ["q"], run() {} });
  shortcuts.add({ group: "View", keys: [" "], shownKeys: ["Space"], label: "Pan", run() {} });
  assert.deepEqual(shortcuts.table(), [
    { group: "View", entries: [{ keys: ["0"], label: "Fit" }, { keys: ["Space"], label: "Pan" }] },
    { group: "Tools", entries: [{ keys: ["h"], label: "Hand" }] },
  ]);
});
