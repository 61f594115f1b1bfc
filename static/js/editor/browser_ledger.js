// The ledger with what a browser brings: IndexedDB, the network, other tabs, and signs that it may be back online.

import { createLedger } from "../canvas/ledger.js";
import { createLedgerStore } from "../canvas/ledger_store.js";
import { api, errorFrom } from "../lib/api.js";

const CHANNEL = "etemweb-ledger";

const EDITS = /^\/api\/v1\/layers\/(\d+)\/edits\/$/;

export function openLedger({ user, getFeed, onSettled, onState }) {
  const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(`${CHANNEL}-${user}`) : null;
  // One tab at a time sends; without locks (no TLS) two may send the same edit, which the server recognises.
  const lock = navigator.locks ? (work) => navigator.locks.request(`${CHANNEL}-${user}`, work) : undefined;
  // On the feed that is open anyway an edit costs a third of its request's bytes. Without a feed, and for all else,
  // HTTP: the server knows each edit by its id, so that one sent both ways is done once.
  const send = async (url, body) => {
    const layer = Number(EDITS.exec(url)?.[1]);
    const answer = layer ? await getFeed()?.ask({ layer, user, edits: body.edits }).catch(() => null) : null;
    if (!answer || answer.status === 401) return api("POST", url, body, { user }); // 401: a newer log-in may do
    if (answer.status >= 400) throw errorFrom(answer.status, JSON.stringify(answer.body));
    return answer.body;
  };
  const ledger = createLedger({
    store: createLedgerStore(),
    user,
    send,
    lock,
    tell: (message) => channel?.postMessage(message),
    onSettled,
    onState,
  });
  channel?.addEventListener("message", ({ data }) => ledger.hear(data));
  addEventListener("online", ledger.flush);
  addEventListener("focus", () => ledger.state.unsent && ledger.flush());
  addEventListener("beforeunload", (event) => {
    // What is kept goes out with the next visit; only what the browser would not keep is at stake.
    if (ledger.state.state === "unkept") event.preventDefault();
  });
  return ledger;
}
