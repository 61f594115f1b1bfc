import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { createTileCache } from "../../../static/js/canvas/tile_cache.js";

const frame = { id: 7, tiles_url: "/t/" };
const tiles = Array.from({ length: 12 }, (_, column) => ({ level: 0, column, row: 0 }));
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));
let asked;

// A server that answers when the test says so.
beforeEach(() => {
  asked = [];
  globalThis.fetch = (url, { signal }) =>
    new Promise((resolve, reject) => {
      const request = { url, isAborted: false };
      request.answer = (status = 200, length = 4) =>
        resolve({ ok: status < 300, status, arrayBuffer: async () => new Uint16Array(length).buffer });
      request.fail = () => reject(new TypeError("network"));
      signal.addEventListener("abort", () => {
        request.isAborted = true;
        reject(Object.assign(new Error("aborted"), { name: "AbortError" }));
      });
      asked.push(request);
    });
});

function opened(over = {}) {
  const arrived = [];
  const troubles = [];
  const cache = createTileCache({
    onTile: (_, tile) => arrived.push(tile.column),
    onTrouble: (sentence) => troubles.push(sentence),
    ...over,
  });
  return { cache, arrived, troubles };
}

test("six at a time, the most needed first", async () => {
  const { cache, arrived } = opened();
  cache.want(frame, tiles);
  assert.deepEqual(asked.map(({ url }) => url), [0, 1, 2, 3, 4, 5].map((column) => `/t/0/${column}/0`));
  asked[2].answer();
  await settled();
  assert.deepEqual(arrived, [2]);
  assert.equal(asked[6].url, "/t/0/6/0");
  assert.equal(cache.get(frame, tiles[2]).length, 4);
  assert.equal(cache.get(frame, tiles[3]), undefined);
});

test("what is no longer in view is given up, what still is goes on", async () => {
  const { cache } = opened();
  cache.want(frame, tiles.slice(0, 6));
  cache.want(frame, tiles.slice(4, 8));
  await settled();
  assert.deepEqual(asked.map(({ isAborted }) => isAborted).slice(0, 6), [true, true, true, true, false, false]);
  assert.deepEqual(asked.slice(6).map(({ url }) => url), ["/t/0/6/0", "/t/0/7/0"]);
});

test("nothing is asked for twice", async () => {
  const { cache } = opened();
  for (let i = 0; i < 5; i++) cache.want(frame, tiles.slice(0, 3));
  for (const request of asked) request.answer();
  await settled();
  cache.want(frame, tiles.slice(0, 3));
  assert.equal(asked.length, 3);
  assert.equal(cache.isLoading, false);
});

test("prefetching waits until nothing in view is missing", async () => {
  const { cache } = opened();
  cache.want(frame, tiles.slice(0, 1));
  cache.prefetch({ id: 8, tiles_url: "/next/" }, tiles.slice(0, 2));
  assert.equal(asked.length, 1);
  asked[0].answer();
  await settled();
  assert.deepEqual(asked.slice(1).map(({ url }) => url), ["/next/0/0/0", "/next/0/1/0"]);
});

test("the least recently used go when the budget is spent, those in view stay", async () => {
  const { cache } = opened({ budgetBytes: 3 * 8 });
  cache.want(frame, tiles.slice(0, 3));
  for (const request of asked) request.answer();
  await settled();
  cache.get(frame, tiles[0]);
  cache.want(frame, tiles.slice(3, 5));
  asked[3].answer();
  asked[4].answer();
  await settled();
  assert.deepEqual(tiles.slice(0, 5).map((tile) => cache.has(frame, tile)), [true, false, false, true, true]);
});

test("a lost connection is tried again and then forgiven", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const tick = async () => {
    for (let i = 0; i < 20; i++) await Promise.resolve();
  };
  const { cache, troubles } = opened();
  cache.want(frame, tiles.slice(0, 6));
  for (const request of asked) request.fail();
  await tick();
  assert.match(troubles.at(-1), /trying again/);
  cache.want(frame, tiles.slice(0, 6)); // a draw does not shorten the pause
  assert.equal(asked.length, 6);
  t.mock.timers.tick(500);
  await tick();
  assert.equal(asked.length, 12);
  asked[6].answer();
  await tick();
  assert.equal(troubles.at(-1), "");
});

test("a refusal is said and not asked again", async () => {
  const { cache, troubles } = opened();
  cache.want(frame, tiles.slice(0, 1));
  asked[0].answer(404);
  await settled();
  assert.match(troubles.at(-1), /not here any more/);
  cache.want(frame, tiles.slice(0, 1));
  assert.equal(asked.length, 1);
  assert.equal(cache.isLoading, false);
});
