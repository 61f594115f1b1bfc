// The browser's side of the ledger: every edit is kept in a store before it is sent, and sent until the server has
// it, in order. The server knows each edit by its id, so sending twice does no harm. Knows no DOM.
//
// An entry is {id, user, layer, url, kind, body}: kind "edits" and "fit" travel together by their dozens, others
// alone. `store` is as in ledger_store.js; send(url, body) gives the answer or throws {status, code, message};
// lock(work) runs work while no other tab does; tell(message) reaches the other tabs.

import { rebased, shiftsOf } from "./ledger_rebase.js";

const TOGETHER = { edits: 500, fit: 50 };
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15_000;
const REFUSALS = new Set([403, 404]);

export function createLedger({ store, user, send, lock = (work) => work(), tell = () => {}, onSettled, onState }) {
  const pending = new Map(); // id -> entry, in order, as far as this tab knows
  const blocked = new Map(); // url -> why nothing is sent there until the page is loaded again
  let isRunning = false;
  let isAskedAgain = false;
  let togetherLimit = Infinity;
  let retryMs = FIRST_RETRY_MS;
  let timer = 0;
  let kept = 0; // gestures that are on the disk, or further
  let current = { state: "saved", unsent: 0, kept, detail: "" };

  const show = (state, detail = "") => {
    const unsent = pending.size;
    current = { state: unsent || state === "unkept" ? state : "saved", unsent, kept, detail };
    onState(current);
  };

  const nextBatch = (entries) => {
    const first = entries.find((entry) => !blocked.has(entry.url));
    if (!first) return [];
    const most = Math.min(TOGETHER[first.kind] ?? 1, togetherLimit);
    const from = entries.indexOf(first);
    const end = entries.findIndex((entry, i) => i >= from && (entry.url !== first.url || entry.kind !== first.kind));
    return entries.slice(from, end < 0 ? undefined : end).slice(0, most);
  };

  // The server has spoken on these entries: in this tab or another.
  const settle = ({ entries, kind, layer, answer, detail }) => {
    for (const { id } of entries) pending.delete(id);
    onSettled({ entries, kind, layer, answer, detail });
  };

  const finish = async (batch, answer, detail) => {
    const shifts = answer ? shiftsOf(batch, answer) : new Map();
    await store.finish(batch.map((entry) => entry.key), shifts.size ? (entry) => rebased(entry, shifts) : null);
    const [{ kind, layer }] = batch;
    const message = { entries: batch, kind, layer, answer, detail };
    settle(message);
    tell(message);
  };

  // Sends one batch; true if there may be more.
  const step = async () => {
    const batch = nextBatch(await store.list(user));
    if (!batch.length) return false;
    show("saving");
    const bodies = batch.map((entry) => entry.body);
    try {
      await finish(batch, await send(batch[0].url, batch[0].kind in TOGETHER ? { edits: bodies } : bodies[0]));
      togetherLimit = Math.min(Infinity, togetherLimit * 4);
    } catch (error) {
      if (!Number.isInteger(error.status)) throw error;
      if (REFUSALS.has(error.status) && error.code !== "not_authenticated") blocked.set(batch[0].url, error.message);
      else if (error.status >= 400 && error.status < 500 && ![401, 409, 429].includes(error.status)) {
        // One malformed edit must not hold up the others: halve until it stands alone, then leave it out.
        if (batch.length > 1) togetherLimit = batch.length >> 1;
        else await finish(batch, null, error.message);
      } else throw error;
    }
    return true;
  };

  const run = async () => {
    clearTimeout(timer);
    try {
      while (await lock(step)) retryMs = FIRST_RETRY_MS;
      const [why] = blocked.values();
      show(blocked.size ? "refused" : "saved", why);
    } catch (error) {
      const isLoggedOut = error.status === 401 || error.code === "not_authenticated";
      show(isLoggedOut ? "logged-out" : "offline", error.message);
      timer = setTimeout(ledger.flush, isLoggedOut ? LAST_RETRY_MS : retryMs);
      timer.unref?.();
      retryMs = Math.min(LAST_RETRY_MS, 2 * retryMs);
    }
  };

  const ledger = {
    get state() {
      return current;
    },
    pendingFor: (layer) => [...pending.values()].filter((entry) => entry.layer === layer),
    isPending: (particle) => [...pending.values()].some((entry) => entry.body.particle === particle),

    // Takes up what an earlier visit left unsent.
    async open() {
      for (const entry of await store.list(user)) pending.set(entry.id, entry);
      await ledger.flush();
    },

    // Resolves once the entries are kept; they are sent after that.
    async add(...entries) {
      const owned = entries.map((entry) => ({ ...entry, user }));
      for (const entry of owned) pending.set(entry.id, entry);
      show(current.state === "saved" ? "saving" : current.state, current.detail);
      try {
        await store.add(owned);
        kept += 1;
        show(current.state, current.detail);
      } catch (error) {
        show("unkept", `This browser cannot keep edits (${error.message}): do not close the page before they are sent.`);
        await store.addInMemory(owned);
      }
      ledger.flush();
    },

    async flush() {
      isAskedAgain = true;
      if (isRunning) return;
      isRunning = true;
      while (isAskedAgain) {
        isAskedAgain = false;
        await run();
      }
      isRunning = false;
    },

    // Another tab sent entries of this user.
    hear(message) {
      settle(message);
      show(current.state);
    },

    // Gives up what the server will not take.
    async discardRefused() {
      const lost = [...pending.values()].filter((entry) => blocked.has(entry.url));
      const onDisk = (await store.list(user)).filter((entry) => blocked.has(entry.url));
      await store.finish(onDisk.map((entry) => entry.key), null);
      for (const { id } of lost) pending.delete(id);
      blocked.clear();
      show("saved");
    },
  };
  return ledger;
}
