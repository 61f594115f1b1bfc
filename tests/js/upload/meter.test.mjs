import assert from "node:assert/strict";
import { test } from "node:test";
import { worthSending } from "../../../static/js/upload/files.js";
import { createMeter, progressText, sizeText, timeText } from "../../../static/js/upload/meter.js";
import { fingerprint, isWorthRetrying } from "../../../static/js/upload/transfer.js";

test("sizes and times in words", () => {
  assert.deepEqual([0, 999, 1000, 33_554_432, 2.5e11].map(sizeText), ["0 bytes", "999 bytes", "1000 bytes", "32.0 MB", "232.8 GB"]);
  assert.deepEqual([0.2, 59, 125, 7300, Infinity].map(timeText), ["1 s", "59 s", "2 min", "2 h 2 min", ""]);
});

test("a speed is that of the last seconds, not of the whole", () => {
  let now = 0;
  const meter = createMeter(() => now);
  meter.add(0);
  assert.equal(meter.speed, null);
  for (let second = 1; second <= 10; second += 1) { now = second * 1000; meter.add(second * 1e6); }
  assert.equal(meter.speed, 1e6);
  for (let second = 11; second <= 20; second += 1) { now = second * 1000; meter.add(1e7 + (second - 10) * 4e6); }
  assert.equal(meter.speed, 4e6);
  meter.clear();
  assert.equal(meter.speed, null);
});

test("progress never says 100 % before the end", () => {
  assert.equal(progressText(9999, 10000, null), "99 %");
  assert.equal(progressText(5e6, 1e7, 1e6), "50 %, 976.6 KB/s, 5 s left");
});

test("a file is known again by name, size and time, for one person and project", () => {
  const file = { name: "Au.dm4", size: 5, lastModified: 7 };
  const one = fingerprint(file, { project: 1, user: 2 });
  assert.equal(one, fingerprint({ ...file }, { project: 1, user: 2 }));
  for (const other of [fingerprint(file, { project: 2, user: 2 }), fingerprint(file, { project: 1, user: 3 }), fingerprint({ ...file, lastModified: 8 }, { project: 1, user: 2 })]) {
    assert.notEqual(one, other);
  }
});

test("what the server refuses is not sent again, what it could not do is", () => {
  assert.deepEqual([0, 409, 423, 500, 502, 503].map(isWorthRetrying), Array(6).fill(true));
  assert.deepEqual([400, 403, 404, 410, 413, 415, 507].map(isWorthRetrying), Array(7).fill(false));
});

test("what file managers leave in folders is left out", () => {
  const names = ["Au.dm4", ".DS_Store", "Thumbs.db", "desktop.ini", "._Au.dm4"].map((name) => ({ name }));
  assert.deepEqual(worthSending(names).map((file) => file.name), ["Au.dm4"]);
});
