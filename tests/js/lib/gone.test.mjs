import assert from "node:assert/strict";
import { test } from "node:test";
import { endOf } from "../../../static/js/lib/gone.js";

function page(more) {
  const said = [];
  const feed = { stops: 0, stop() { this.stops += 1; } };
  return { said, feed, ends: endOf(() => feed, { say: (text) => said.push(text), ...more }) };
}

test("who is no longer a member is told so once, and the feed ends", () => {
  const { said, feed, ends } = page();
  assert.ok(ends({ status: 404 }));
  assert.ok(ends({ status: 403 }));
  assert.ok(feed.stops > 0);
  assert.equal(said.length, 1);
  assert.match(said[0], /no longer a member/);
});

test("a server that is away, or in trouble, is no end", () => {
  const { said, feed, ends } = page();
  for (const status of [0, 429, 500, 503, undefined]) assert.equal(ends({ status }), false);
  assert.deepEqual([said, feed.stops], [[], 0]);
});

test("a page may go on for who is logged out", () => {
  const { feed, ends } = page({ words: { 404: "Gone." } });
  assert.equal(ends({ status: 401 }), false);
  assert.equal(feed.stops, 0);
});
