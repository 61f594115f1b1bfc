import assert from "node:assert/strict";
import { test } from "node:test";

import { createParticleStore } from "../../static/js/canvas/particle_store.js";
import { createEmitter } from "../../static/js/canvas/emitter.js";
import { decisionWords } from "../../static/js/editor/already_there.js";
import { createSuggestions } from "../../static/js/editor/suggestions.js";

const hex = (i) => String(i).padStart(32, "0");
const id = (i) => `00000000-0000-0000-0000-${String(i).padStart(12, "0")}`;
const rest = () => new Promise((resolve) => setTimeout(resolve, 5));

// A frame with four suggestions, 0.3 to 0.9 sure, and a server whose answers can be held back.
async function setUp() {
  const decisions = ["pending", "pending", "pending", "pending"];
  const world = { decisions, sequence: 1, requests: [], hold: null, sent: [], failures: [], said: [], told: [] };
  const api = async (method, url) => {
    world.requests.push(url);
    const column = (value) => decisions.map((_, i) => value(i));
    const answer = url.includes("?frame=") ? [{ id: 5, kind: "suggestion", sequence: world.sequence }]
      : url.includes("outlines") ? { id: [], outline: [] }
      : {
        n: 4, sequence: world.sequence, id: column(hex), x: column((i) => 10 + 50 * i), y: column(() => 10),
        width: column(() => 20), height: column(() => 20), confidence: column((i) => 0.3 + 0.2 * i), version: column(() => 1),
        label_class: column(() => null), ecd_px: column(() => null), ecd_nm: column(() => null),
        origin: column(() => "suggested"), decision: [...decisions],
      };
    await world.hold;
    return answer;
  };
  const { on, emit } = createEmitter();
  const store = createParticleStore(500, 500);
  store.onChange(() => emit("particles"));
  on("trouble", ({ detail }) => world.told.push(detail));
  const editor = {
    on, emit, store, mayEdit: true, redraw() {}, reveal() {}, announce: (words) => world.said.push(words), failed: (error) => world.failures.push(error),
    history: { commit() {} },
    ledger: { state: { unsent: 0 }, add: (entry) => (world.sent.push(entry), (editor.ledger.state.unsent += 1)) },
  };
  const suggestions = createSuggestions(editor, api);
  const saved = () => ((editor.ledger.state.unsent = 0), emit("saved", editor.ledger.state));
  await suggestions.open({ layer: 4, frame: { id: 1, width_px: 500, height_px: 500 } }, [{ id: 5, kind: "suggestion", sequence: 1 }]);
  return { world, suggestions, saved, store };
}

test("what another decided is taken in under the hand: the chosen one stays chosen, and is there all the time", async () => {
  const { world, suggestions } = await setUp();
  suggestions.select(id(2));
  let release;
  world.hold = new Promise((resolve) => (release = resolve));
  Object.assign(world, { sequence: 2 }).decisions[0] = "rejected";
  suggestions.hear({ suggestions: 5, group: "another's" });
  await rest();
  assert.equal(suggestions.selected, id(2));
  assert.equal(suggestions.visibleIds().length, 4); // still as it was
  release();
  await rest();
  assert.deepEqual(suggestions.visibleIds(), [id(1), id(2), id(3)]);
  assert.equal(suggestions.selected, id(2));
  suggestions.decideOne("rejected");
  assert.deepEqual(world.sent.at(-1).body.suggestions, [id(2)]);
  assert.equal(suggestions.selected, id(3));
});

test("a decision made while the others' are read is not shown as open again", async () => {
  const { world, suggestions, saved } = await setUp();
  suggestions.select(id(1));
  let release;
  world.hold = new Promise((resolve) => (release = resolve));
  world.sequence = 2;
  suggestions.hear({ suggestions: 5, group: "another's" });
  await rest();
  suggestions.decideOne("accepted");
  release();
  await rest();
  assert.ok(!suggestions.visibleIds().includes(id(1))); // the reading is older than the decision
  Object.assign(world, { sequence: 3 }).decisions[1] = "accepted";
  world.decisions[3] = "rejected";
  saved();
  await rest();
  assert.deepEqual(suggestions.visibleIds(), [id(0), id(2)]); // and the other's decision is there after all
  assert.deepEqual(world.failures, []);
});

test("one's own decisions are not read back, nor is a layer in which nothing happened", async () => {
  const { world, suggestions } = await setUp();
  suggestions.select(id(1));
  suggestions.decideOne("accepted");
  const n = world.requests.length;
  const { group } = world.sent[0].body;
  suggestions.acknowledged(group, 1);
  suggestions.hear({ suggestions: 5, group });
  suggestions.hear({ suggestions: 6, group: "on another layer" });
  await rest();
  assert.equal(world.requests.length, n);
  suggestions.refresh();
  await rest();
  assert.equal(world.requests.length, n + 1); // the list of layers alone
});

test("a decision of which the server took less than was shown is looked at again", async () => {
  const { world, suggestions, saved } = await setUp();
  suggestions.setThreshold(0.6);
  suggestions.acceptShown();
  saved();
  Object.assign(world, { sequence: 2 }).decisions.splice(2, 2, "rejected", "accepted");
  suggestions.acknowledged(world.sent[0].body.group, 1);
  await rest();
  assert.deepEqual(suggestions.counts(), { open: 2, shown: 0, below: 2, there: 0, known: 0 });
});

test("nothing stays chosen that is decided: neither by accepting all that is shown nor by a redo", async () => {
  const { suggestions, world } = await setUp();
  suggestions.select(id(2));
  suggestions.acceptShown();
  assert.equal(suggestions.selected, null);
  assert.equal(world.sent.length, 1);
  suggestions.apply({ layer: 5, particle: id(2), after: { decision: "pending" } }, "undone");
  suggestions.select(id(2));
  suggestions.apply({ layer: 5, particle: id(2), after: { decision: "accepted" } }, "done again");
  assert.equal(suggestions.selected, null);
});

// Over the suggestion i (20 px wide), `shift` px to its right.
const drawn = (i, shift) => ({ id: id(50 + i), x: 10 + 50 * i + shift, y: 10, width: 20, height: 20 });

test("what an annotation says already is no open work, until that annotation is gone", async () => {
  const { suggestions, store } = await setUp();
  suggestions.select(id(1));
  store.put(drawn(1, 6), drawn(2, 7)); // 14 of 26 px, 13 of 27 px
  assert.deepEqual(suggestions.visibleIds(), [id(0), id(2), id(3)]);
  assert.equal(suggestions.selected, null);
  assert.equal(suggestions.at(70, 20), null);
  assert.deepEqual(suggestions.counts(), { open: 3, shown: 3, below: 0, there: 1, known: 1 });
  suggestions.setThreshold(0.6);
  assert.deepEqual(suggestions.counts(), { open: 3, shown: 2, below: 2, there: 1, known: 0 });
  store.remove(id(51));
  assert.deepEqual(suggestions.counts(), { open: 4, shown: 2, below: 2, there: 0, known: 0 });
});

test("accepting all closes what is there already, and says how many that were", async () => {
  const { world, suggestions, store } = await setUp();
  store.put(drawn(0, 0));
  suggestions.acceptShown();
  assert.equal(world.said.at(-1), "3 suggestions accepted, 1 is there already");
  assert.deepEqual(suggestions.counts(), { open: 0, shown: 0, below: 0, there: 0, known: 0 });
  suggestions.acknowledged(world.sent[0].body.group, 4, 1);
  assert.deepEqual(world.told, []); // as was said
});

test("what somebody drew meanwhile and was not added again is told", async () => {
  const { world, suggestions } = await setUp();
  suggestions.select(id(1));
  suggestions.decideOne("accepted");
  suggestions.acknowledged(world.sent[0].body.group, 1, 1);
  assert.deepEqual(world.told, ["This particle is there already; nothing was added."]);
});

test("the words of a decision", () => {
  assert.equal(decisionWords("accepted", 14, 2), "12 suggestions accepted, 2 are there already");
  assert.equal(decisionWords("accepted", 2, 1), "1 suggestion accepted, 1 is there already");
  assert.equal(decisionWords("accepted", 7, 7), "All 7 are there already; nothing was added");
  assert.equal(decisionWords("accepted", 1), "Suggestion accepted");
  assert.equal(decisionWords("rejected", 3, 0), "3 suggestions rejected");
});
