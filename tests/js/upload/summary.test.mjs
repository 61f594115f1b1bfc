import assert from "node:assert/strict";
import { test } from "node:test";
import { summaryText } from "../../../static/js/upload/summary.js";

const read = (status) => ({ state: "done", outcome: { acquisition: { status } } });

test("tells what has become of all files, and nothing of what did not happen", () => {
  assert.equal(summaryText([{ state: "sending" }, { state: "waiting" }, { state: "cancelled" }]), "0 of 2 uploaded");
  const items = [read("ready"), read("refused"), read("importing"), read("queued"), read("ready"), read("failed"), { state: "stopped" }];
  assert.equal(summaryText(items), "6 of 7 uploaded · 2 ready · 2 being read · 1 no image · 1 failed · 1 stopped");
});
