// The ledger with what a browser brings: IndexedDB, the network, other tabs, and signs that it may be back online.

import { createLedger } from "../canvas/ledger.js";
import { createLedgerStore } from "../canvas/ledger_store.js";
import { api } from "../lib/api.js";

const CHANNEL = "etemweb-ledger";

export function openLedger({ user, onSettled, onState }) {
  const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(`${CHANNEL}-${user}`) : null;
  // One tab at a time sends; without locks (no TLS) two may send the same edit, which the server recognises.
  const lock = navigator.locks ? (work) => navigator.locks.request(`${CHANNEL}-${user}`, work) : undefined;
  const ledger = createLedger({
    store: createLedgerStore(),
    user,
    send: (url, body) => api("POST", url, body, { user }),
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
