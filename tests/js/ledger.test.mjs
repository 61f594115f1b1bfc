import assert from "node:assert/strict";
import { test } from "node:test";

import { createLedger } from "../../static/js/canvas/ledger.js";
import { createMemoryStore } from "../../static/js/canvas/ledger_store.js";

const entry = (id, over = {}) => ({
  id, layer: 1, url: "/edits/", kind: "edits",
  body: { id, particle: "p", base_version: 0, ...over.body }, ...over.entry,
});
const failure = (status, code = "error") => Object.assign(new Error(`status ${status}`), { status, code });

// A server that applies each edit once, and can be made to fail.
function setUp({ store = createMemoryStore(), applied = new Map(), user = 7 } = {}) {
  const world = { store, applied, requests: [], settled: [], states: [], fail: null };
  world.ledger = createLedger({
    store, user,
    send: async (url, body) => {
      world.requests.push({ url, body });
      const error = world.fail?.(url, body, world.requests.length);
      if (error && !error.isAfter) throw error;
      const results = (body.edits ?? [body]).map((edit) => {
        const status = applied.has(edit.id) ? "duplicate" : "applied";
        if (!applied.has(edit.id)) applied.set(edit.id, edit.base_version + 1);
        return { id: edit.id, status, version: applied.get(edit.id) };
      });
      if (error) throw error; // done, but the answer is lost
      return { sequence: applied.size, results };
    },
    onSettled: (message) => world.settled.push(message),
    onState: (state) => world.states.push(state),
  });
  return world;
}
const rest = () => new Promise((resolve) => setTimeout(resolve, 20));

test("an edit is kept before it is sent, and gone from the store when the server has it", async () => {
  const world = setUp();
  let keptWhenSent = 0;
  world.fail = () => void world.store.list(7).then((list) => (keptWhenSent = list.length));
  await world.ledger.add(entry("a"));
  await rest();
  assert.equal(keptWhenSent, 1);
  assert.equal((await world.store.list(7)).length, 0);
  assert.deepEqual(world.ledger.state, { state: "saved", unsent: 0, kept: 1, detail: "" });
});

test("edits made while one is on its way travel together, in order", async () => {
  const world = setUp();
  await world.ledger.add(entry("a"));
  await Promise.all(["b", "c", "d"].map((id) => world.ledger.add(entry(id))));
  await rest();
  assert.deepEqual([...world.applied.keys()], ["a", "b", "c", "d"]);
  assert.ok(world.requests.length < 4);
});

test("offline, edits wait, are counted, and are sent when the server is back", async () => {
  const world = setUp();
  world.fail = () => failure(0, "offline");
  await world.ledger.add(entry("a"), entry("b"));
  await rest();
  assert.equal(world.ledger.state.state, "offline");
  assert.equal(world.ledger.state.unsent, 2);
  world.fail = null;
  await world.ledger.flush();
  assert.equal(world.ledger.state.state, "saved");
  assert.equal(world.applied.size, 2);
});

test("a lost answer does not double an edit", async () => {
  const world = setUp();
  world.fail = (url, body, n) => (n === 1 ? Object.assign(failure(0), { isAfter: true }) : null);
  await world.ledger.add(entry("a"));
  await rest();
  await world.ledger.flush();
  assert.equal(world.applied.size, 1);
  assert.equal(world.settled[0].answer.results[0].status, "duplicate");
});

test("a reload takes up what was left unsent, of this user alone", async () => {
  const before = setUp();
  before.fail = () => failure(502);
  await before.ledger.add(entry("a"));
  await rest();
  const other = setUp({ store: before.store, user: 8 });
  await other.ledger.open();
  assert.equal(other.applied.size, 0);
  const after = setUp({ store: before.store });
  await after.ledger.open();
  assert.deepEqual([...after.applied.keys()], ["a"]);
});

test("logged out, edits are kept and it is said", async () => {
  const world = setUp();
  world.fail = () => failure(401, "not_authenticated");
  await world.ledger.add(entry("a"));
  await rest();
  assert.equal(world.ledger.state.state, "logged-out");
  assert.equal((await world.store.list(7)).length, 1);
});

test("one malformed edit does not hold up the others, and is told", async () => {
  const world = setUp();
  world.fail = (url, { edits }) => (edits.some(({ id }) => id === "bad") ? failure(400) : null);
  await world.ledger.add(entry("a"), entry("b"), entry("bad"), entry("c"), entry("d"));
  await rest();
  assert.deepEqual([...world.applied.keys()].sort(), ["a", "b", "c", "d"]);
  const refused = world.settled.filter(({ answer }) => !answer);
  assert.deepEqual(refused.map(({ entries }) => entries[0].id), ["bad"]);
  assert.equal(world.ledger.state.unsent, 0);
});

test("a layer that refuses holds up no other layer, and nothing is thrown away unasked", async () => {
  const world = setUp();
  world.fail = (url) => (url === "/edits/" ? failure(403, "permission_denied") : null);
  await world.ledger.add(entry("a"), entry("b", { entry: { url: "/other/" } }));
  await rest();
  assert.deepEqual([...world.applied.keys()], ["b"]);
  assert.equal(world.ledger.state.state, "refused");
  assert.equal(world.ledger.state.unsent, 1);
  await world.ledger.discardRefused();
  assert.equal((await world.store.list(7)).length, 0);
});

test("edits that wait are moved to the version the server counted", async () => {
  const world = setUp();
  const bases = [];
  const ledger = createLedger({
    store: world.store, user: 7, onSettled: () => {}, onState: () => {},
    send: async (url, { edits }) => {
      bases.push(...edits.map((edit) => edit.base_version));
      await rest();
      return { results: edits.map(({ id }) => ({ id, status: "merged", version: 5 })) };
    },
  });
  await ledger.add(entry("a", { body: { base_version: 1 } })); // the server makes it version 5, not 2
  await ledger.add(entry("b", { body: { base_version: 2 } }));
  await rest();
  await rest();
  await rest();
  assert.deepEqual(bases, [1, 5]);
});

test("what another tab sent is settled here too", async () => {
  const world = setUp();
  world.fail = () => failure(0);
  await world.ledger.add(entry("a"));
  await rest();
  world.ledger.hear({ entries: [entry("a")], kind: "edits", layer: 1, answer: { results: [] } });
  assert.equal(world.ledger.state.unsent, 0);
});

test("random failures, reloads and lost answers: every edit exactly once, in order", async () => {
  let seed = 11;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const [store, applied] = [createMemoryStore(), new Map()];
  let world = setUp({ store, applied });
  const misbehave = () => {
    const dice = random();
    if (dice < 0.3) return failure(0);
    return dice < 0.5 ? Object.assign(failure(503), { isAfter: true }) : null;
  };
  world.fail = misbehave;
  const made = [];
  for (let i = 0; i < 300; i++) {
    made.push(`e${i}`);
    await world.ledger.add(entry(`e${i}`));
    if (random() < 0.1) {
      world = setUp({ store, applied }); // the tab was killed and opened again
      world.fail = misbehave;
      await world.ledger.open();
    } else if (random() < 0.5) await world.ledger.flush();
  }
  world.fail = null;
  await rest();
  await world.ledger.flush();
  assert.deepEqual([...applied.keys()], made);
});
