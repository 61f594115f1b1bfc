import assert from "node:assert/strict";
import { test } from "node:test";
import { createQueue } from "../../../static/js/upload/queue.js";

function world(atOnce = 2) {
  const transfers = [];
  const transfer = (file, events) => {
    const handle = { file, events, acts: [], ...Object.fromEntries(["pause", "resume", "cancel"].map((act) => [act, () => handle.acts.push(act)])) };
    transfers.push(handle);
    return handle;
  };
  const queue = createQueue({ transfer, onChange: () => {}, atOnce });
  const states = () => queue.items.map((item) => item.state);
  return { queue, transfers, states };
}
const files = (count) => Array.from({ length: count }, (_, index) => ({ name: `${index}.tif`, size: 100, lastModified: 1 }));

test("only so many are sent at once, the others in their order", () => {
  const { queue, transfers, states } = world();
  queue.add(files(4));
  assert.deepEqual(states(), ["sending", "sending", "waiting", "waiting"]);
  transfers[1].events.done({});
  assert.deepEqual(states(), ["sending", "done", "sending", "waiting"]);
  assert.equal(transfers[2].file.name, "2.tif");
});

test("while one is checked by the server the next is sent", () => {
  const { queue, transfers, states } = world(1);
  queue.add(files(2));
  transfers[0].events.finishing();
  assert.deepEqual(states(), ["finishing", "sending"]);
  assert.ok(queue.isBusy);
});

test("a pause lets another go first, and keeps the transfer", () => {
  const { queue, transfers, states } = world(1);
  queue.add(files(2));
  queue.pause(queue.items[0]);
  assert.deepEqual(states(), ["paused", "sending"]);
  queue.resume(queue.items[0]);
  assert.deepEqual(states(), ["waiting", "sending"]);
  transfers[1].events.done({});
  assert.deepEqual(states(), ["sending", "done"]);
  assert.deepEqual(transfers[0].acts, ["pause", "resume"]);
  assert.equal(transfers.length, 2);
});

test("an error stops one file alone, and a retry is a new transfer", () => {
  const { queue, transfers, states } = world(1);
  queue.add(files(2));
  transfers[0].events.failed(new Error("The disk is full."));
  assert.deepEqual(states(), ["stopped", "sending"]);
  assert.equal(queue.items[0].error.message, "The disk is full.");
  transfers[1].events.done({});
  assert.ok(!queue.isBusy);
  queue.resume(queue.items[0]);
  assert.equal(transfers.length, 3);
  transfers[0].events.progress(99); // the first try is not listened to any more
  assert.equal(queue.items[0].sent, 0);
});

test("cancelled is for good", () => {
  const { queue, transfers, states } = world(1);
  queue.add(files(2));
  queue.cancel(queue.items[0]);
  assert.deepEqual(transfers[0].acts, ["cancel"]);
  transfers[0].events.done({});
  queue.resume(queue.items[0]);
  assert.deepEqual(states(), ["cancelled", "sending"]);
});

test("the same file dropped twice is sent once; dropped after a stop it goes on", () => {
  const { queue, transfers, states } = world();
  queue.add(files(1));
  queue.add(files(1));
  assert.deepEqual(states(), ["sending"]);
  transfers[0].events.failed(new Error("gone"));
  queue.add(files(1));
  assert.deepEqual(states(), ["sending"]);
  assert.equal(transfers.length, 2);
  transfers[1].events.done({});
  queue.add(files(1)); // once more on purpose: the server will recognise it
  assert.deepEqual(states(), ["done", "sending"]);
});
