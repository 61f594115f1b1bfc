// A project's live feed: reconnects by itself, and asks by plain HTTP for as long as it cannot connect.
const BACK_OFF_MS = [500, 1000, 2000, 4000, 8000, 15000];
const JITTER = 0.3; // part of a delay that is random, so that pages do not all come back at once
const SILENT_MS = 45000; // the server pings every 15 s; after this the line is dead
const POLL_MS = 4000;
const NOT_FOUND = 4404; // no longer a member: never ask again
const PATIENCE_MS = 10000; // for an answer

const browser = {
  WebSocket: globalThis.WebSocket,
  setTimeout: (call, ms) => globalThis.setTimeout(call, ms),
  clearTimeout: (id) => globalThis.clearTimeout(id),
  random: Math.random,
};

export function feedUrl(projectId, place = location) {
  return `${place.protocol === "https:" ? "wss" : "ws"}://${place.host}/ws/projects/${projectId}/`;
}

// onMessage(message) for each; onState("live" | "polling" | "closed"); refetch() when the state may have moved on:
// after each reconnection (what happened meanwhile was not heard), and every few seconds while there is no line.
export function connectFeed(url, { onMessage, refetch, onState = () => {} }, env = browser) {
  let socket = null;
  let attempt = 0;
  let state = "";
  let stopped = false;
  let retryTimer, silenceTimer, pollTimer;
  const waiting = new Map(); // number of a question -> {resolve, reject, timer}
  let asked = 0;

  function settle(number, end, value) {
    env.clearTimeout(waiting.get(number)?.timer);
    waiting.get(number)?.[end](value);
    waiting.delete(number);
  }

  // A question of one's own: resolves with {status, body}, rejects where the line is down, breaks or stays silent.
  function ask(question) {
    if (state !== "live") return Promise.reject(new Error("There is no line."));
    const number = ++asked;
    return new Promise((resolve, reject) => {
      const timer = env.setTimeout(() => settle(number, "reject", new Error("No answer came.")), PATIENCE_MS);
      waiting.set(number, { resolve, reject, timer });
      socket.send(JSON.stringify({ ask: number, ...question }));
    });
  }

  function enter(next) {
    if (next === state) return;
    state = next;
    onState(next);
  }

  function poll() {
    env.clearTimeout(pollTimer);
    if (stopped || state === "live") return;
    pollTimer = env.setTimeout(() => {
      refetch();
      poll();
    }, POLL_MS);
  }

  function expectSign() {
    env.clearTimeout(silenceTimer);
    silenceTimer = env.setTimeout(lost, SILENT_MS);
  }

  function lost(event) {
    if (!socket) return;
    env.clearTimeout(silenceTimer);
    const old = socket;
    socket = null;
    old.onopen = old.onmessage = old.onclose = null;
    old.close();
    for (const number of [...waiting.keys()]) settle(number, "reject", new Error("The line broke."));
    if (event?.code === NOT_FOUND) {
      stop();
      refetch();
      return;
    }
    enter("polling");
    poll();
    const delay = BACK_OFF_MS[Math.min(attempt, BACK_OFF_MS.length - 1)];
    attempt += 1;
    retryTimer = env.setTimeout(open, delay * (1 + JITTER * (env.random() - 0.5)));
  }

  function open() {
    env.clearTimeout(retryTimer);
    if (stopped || socket) return;
    socket = new env.WebSocket(url);
    expectSign();
    socket.onopen = () => {
      attempt = 0;
      enter("live");
      env.clearTimeout(pollTimer);
      refetch();
      expectSign();
    };
    socket.onmessage = (event) => {
      expectSign();
      const message = JSON.parse(event.data);
      if (message.answer) settle(message.answer, "resolve", message);
      else if (message.type !== "ping") onMessage(message);
      else if (message.moved) refetch(); // a word of it may have been lost
    };
    socket.onclose = lost;
  }

  function stop() {
    stopped = true;
    for (const timer of [retryTimer, silenceTimer, pollTimer]) env.clearTimeout(timer);
    const old = socket;
    socket = null;
    if (old) {
      old.onclose = old.onmessage = old.onopen = null;
      old.close();
    }
    enter("closed");
  }

  open();
  // `pause` lets go of the line until `reconnect`, which skips the wait: when the computer is offline, and online again.
  const pause = () => { lost(); env.clearTimeout(retryTimer); };
  return { ask, stop, pause, reconnect: () => { attempt = 0; open(); } };
}
