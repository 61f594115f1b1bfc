import assert from "node:assert/strict";
import { test } from "node:test";
import { connectFeed, feedUrl } from "../../../static/js/lib/socket.js";

// A clock and sockets that do only what the test says.
function world() {
  let now = 0;
  let timers = [];
  const sockets = [];
  class FakeSocket {
    constructor(url) { this.url = url; sockets.push(this); }
    close() { this.isClosed = true; }
    send(text) { (this.sent ??= []).push(JSON.parse(text)); }
  }
  const env = {
    WebSocket: FakeSocket,
    random: () => 0.5,
    setTimeout: (call, ms) => { const timer = { at: now + ms, call }; timers.push(timer); return timer; },
    clearTimeout: (timer) => { timers = timers.filter((other) => other !== timer); },
  };
  function pass(ms) {
    const end = now + ms;
    for (;;) {
      const next = timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      timers = timers.filter((timer) => timer !== next);
      now = next.at;
      next.call();
    }
    now = end;
  }
  const heard = { messages: [], states: [], refetches: 0 };
  const feed = connectFeed("ws://here/ws/projects/1/", {
    onMessage: (message) => heard.messages.push(message),
    onState: (state) => heard.states.push(state),
    refetch: () => { heard.refetches += 1; },
  }, env);
  return { sockets, pass, heard, feed, last: () => sockets[sockets.length - 1] };
}

test("messages arrive, pings are not passed on", () => {
  const { last, heard } = world();
  last().onopen();
  last().onmessage({ data: '{"type":"ping"}' });
  last().onmessage({ data: '{"type":"acquisition","id":3}' });
  assert.deepEqual(heard.messages, [{ type: "acquisition", id: 3 }]);
  assert.deepEqual(heard.states, ["live"]);
});

test("a ping tells that something has moved, and it is read anew", () => {
  const { last, heard } = world();
  last().onopen();
  last().onmessage({ data: '{"type":"ping"}' });
  assert.equal(heard.refetches, 1);
  last().onmessage({ data: '{"type":"ping","moved":true}' });
  assert.equal(heard.refetches, 2);
  assert.deepEqual(heard.messages, []);
});

test("it reconnects with growing pauses and refetches what it missed", () => {
  const { last, heard, pass, sockets } = world();
  last().onopen();
  assert.equal(heard.refetches, 1);
  const begun = [];
  for (const pause of [500, 1000, 2000, 4000, 8000, 15000, 15000]) {
    last().onclose({ code: 1006 });
    pass(pause - 1);
    begun.push(sockets.length);
    pass(1);
  }
  assert.deepEqual(begun, [1, 2, 3, 4, 5, 6, 7]); // not a moment too soon
  assert.equal(sockets.length, 8);
  const before = heard.refetches;
  last().onopen();
  assert.equal(heard.refetches, before + 1);
  last().onclose({ code: 1012 });
  pass(500); // after a success the pauses begin anew
  assert.equal(sockets.length, 9);
});

test("without a line it asks every few seconds", () => {
  const { last, heard, pass, feed } = world();
  last().onclose({ code: 1006 });
  assert.deepEqual(heard.states, ["polling"]);
  pass(20100);
  assert.equal(heard.refetches, 5);
  feed.stop();
  pass(60000);
  assert.equal(heard.refetches, 5);
});

test("a line that has gone silent is given up", () => {
  const { last, pass, sockets } = world();
  last().onopen();
  pass(40000);
  last().onmessage({ data: '{"type":"ping"}' });
  pass(44000);
  assert.equal(sockets.length, 1);
  pass(1500);
  assert.ok(sockets[0].isClosed);
  assert.equal(sockets.length, 2);
});

test("who is no longer a member is not asked again", () => {
  const { last, pass, heard, sockets } = world();
  last().onopen();
  last().onclose({ code: 4404 });
  pass(120000);
  assert.equal(sockets.length, 1);
  assert.deepEqual(heard.states, ["live", "closed"]);
});

test("reconnect() skips the pause", () => {
  const { last, sockets, feed } = world();
  last().onclose({ code: 1006 });
  feed.reconnect();
  assert.equal(sockets.length, 2);
  feed.reconnect(); // one is enough
  assert.equal(sockets.length, 2);
});

test("the address follows the page's", () => {
  assert.equal(feedUrl(4, { protocol: "https:", host: "em.example" }), "wss://em.example/ws/projects/4/");
  assert.equal(feedUrl(4, { protocol: "http:", host: "localhost:8000" }), "ws://localhost:8000/ws/projects/4/");
});

test("a question is answered by its number; without a line, without an answer or on a broken line it fails", async () => {
  const { last, feed, pass, heard } = world();
  await assert.rejects(feed.ask({ layer: 4 }));
  last().onopen();
  const [first, second, third] = [feed.ask({ layer: 4 }), feed.ask({ layer: 5 }), feed.ask({ layer: 6 })];
  assert.deepEqual(last().sent.map(({ layer }) => layer), [4, 5, 6]);
  last().onmessage({ data: JSON.stringify({ answer: last().sent[1].ask, status: 200, body: "second" }) });
  assert.equal((await second).body, "second");
  pass(10000);
  await assert.rejects(first, /No answer/);
  await assert.rejects(third, /No answer/);
  const fourth = feed.ask({ layer: 7 });
  last().onclose({ code: 1006 });
  await assert.rejects(fourth, /broke/);
  assert.deepEqual(heard.messages, []);
});

test("a paused line stays down until it is wanted again", async () => {
  const { last, feed, pass, sockets, heard } = world();
  last().onopen();
  feed.pause();
  await assert.rejects(feed.ask({}));
  pass(3000);
  assert.equal(sockets.length, 1);
  pass(60000);
  assert.ok(heard.refetches > 5); // by plain HTTP, in case it is the browser that is wrong
  feed.reconnect();
  assert.equal(sockets.length, 2);
});
