// One frame's layer of annotations in this tab: loaded, kept up with the server and with other people.
// Edits are shown when they are made; what the server says of them afterwards is taken in here.

import { gesturesFrom } from "../canvas/history.js";
import { unpackOutline } from "../canvas/outline.js";
import { withHyphens } from "../lib/uuid.js";
import { applyStep } from "./steps.js";

const API = "/api/v1/layers/";
const BAD = new Set(["conflict", "refused"]);

export const stateOf = (row) => ({ ...row, outline: unpackOutline(row.outline) });

export function createSession({ frame, store, ledger, history, api, mayEdit, onTrouble, onLoaded, suggestions }) {
  const session = { frame, store, layer: null, review: null, sequence: 0, isLoaded: false, versions: new Map() };
  let isClosed = false;
  let isCatchingUp = false;
  let isStale = false; // a reload was begun and did not end
  let isBehind = false; // rows were left aside since edits of ours on them were on their way

  const takeRows = (rows, gone) => {
    const fresh = (rows ?? []).filter(({ id }) => !ledger.isPending(id));
    isBehind ||= fresh.length < (rows?.length ?? 0);
    store.put(...fresh.map(stateOf));
    store.remove(...(gone ?? []).filter((id) => !ledger.isPending(id) && store.has(id)));
  };

  const pages = async (path, key, take) => {
    for (let from = key.start, isMore = true; isMore && !isClosed; ) {
      const page = await api("GET", `${API}${session.layer}/${path}=${from}`);
      if (isClosed) return;
      take(page);
      [from, isMore] = [key.next(page), page.more];
    }
  };

  const loadHistory = async () => {
    const rows = [];
    await pages("history/?after", { start: 0, next: (page) => page.rows.at(-1)?.[0] }, (page) => rows.push(...page.rows));
    if (!isClosed) history.load(gesturesFrom(rows, withHyphens));
  };

  const extendBy = (group, added) => added.forEach((id) => history.extend(group, { particle: id, before: null, after: store.get(id) }));

  // What an earlier visit could not send is shown again.
  const showUnsent = () => {
    for (const { kind, body } of ledger.pendingFor(session.layer)) {
      if (kind !== "edits" || body.action === "undo") continue;
      const before = body.action === "add" ? null : {};
      const isDone = (store.get(body.particle)?.version ?? 0) > body.base_version;
      if (!isDone) applyStep(session, { particle: body.particle, before, after: body.action === "delete" ? null : body.fields });
    }
  };

  return Object.assign(session, {
    async open() {
      const layers = await api("GET", `/api/v1/layers/?frame=${frame.id}`);
      let working = layers.find(({ kind }) => kind === "working");
      if (!working && mayEdit) working = await api("POST", "/api/v1/layers/", { frame: frame.id });
      if (isClosed) return;
      [session.layer, session.review] = [working?.id ?? null, working ?? null];
      suggestions.open(session, layers.filter(({ kind }) => kind === "suggestion"));
      if (!working) return onLoaded();
      await session.reload();
      if (isClosed) return;
      if (mayEdit) await loadHistory();
    },

    async reload(onBoxes = () => {}) {
      isStale = true;
      const columns = await api("GET", `${API}${session.layer}/particles/`);
      if (isClosed) return;
      isStale = false;
      store.load(columns);
      session.sequence = columns.sequence;
      showUnsent();
      session.isLoaded = true;
      onBoxes();
      onLoaded();
      const { id, outline } = await api("GET", `${API}${session.layer}/particles/?outlines=1`);
      if (!isClosed) store.setOutlines(id, outline.map(unpackOutline));
    },

    async catchUp() {
      if (isCatchingUp || !session.isLoaded || isClosed) return;
      if (isStale) return session.reload();
      isCatchingUp = true;
      isBehind = false;
      try {
        await pages("edits/?since", { start: session.sequence, next: (page) => page.sequence }, (page) => {
          takeRows(page.particles, page.gone);
          if (!isBehind) session.sequence = Math.max(session.sequence, page.sequence);
        });
      } finally {
        isCatchingUp = false;
      }
    },

    // A message of the project's feed.
    async hear({ layer, sequence }) {
      if (layer === session.layer && sequence > session.sequence && !ledger.state.unsent) await session.catchUp();
    },

    // The server's word on edits of ours.
    async settled({ entries, layer, kind, answer, detail }) {
      if (layer !== session.layer || isClosed) return;
      if (!answer) {
        onTrouble({ detail: `An edit could not be saved and was taken back: ${detail}`, entries });
        entries.forEach(({ body }) => history.drop(body.group));
        if (kind === "decisions") suggestions.acknowledged(entries[0].body.group, 0);
        return session.reload();
      }
      const byId = new Map(entries.map((entry) => [entry.id, entry]));
      let mustReload = kind === "decisions" && answer.reload;
      for (const result of answer.results ?? []) {
        const { body } = byId.get(result.id);
        const known = body.particle && store.get(body.particle);
        const shift = result.version ? result.version - (body.base_version + 1) : 0;
        const isBad = BAD.has(result.status);
        if (known && isBad) store.put({ id: known.id, version: known.version - 1 });
        else if (known && shift) store.put({ id: known.id, version: known.version + shift });
        takeRows(result.particles, result.gone);
        mustReload ||= result.reload;
        if (kind === "fit" && !isBad) history.extend(body.group, { particle: body.particle, before: known, after: store.get(body.particle) });
        if (isBad && !(body.action === "undo" && result.status === "applied")) history.drop(body.group, result);
        if (isBad || result.detail) onTrouble({ detail: result.detail, body, kind, known, status: result.status });
        if (result.suggestion_layers && isBad) suggestions.refresh();
      }
      if (kind === "decisions") {
        takeRows(answer.particles);
        extendBy(entries[0].body.group, (answer.particles ?? []).map(({ id }) => id));
        suggestions.acknowledged(entries[0].body.group, answer.decided, answer.already_there);
      }
      if (mustReload) {
        const before = new Set(store.ids);
        // What a large acceptance brought belongs to its gesture, so that undo shows at once.
        const added = () => extendBy(entries[0].body.group, store.ids.filter((id) => !before.has(id)));
        return session.reload(kind === "decisions" ? added : undefined);
      }
      const isNext = answer.sequence - (answer.events ?? 0) === session.sequence;
      if (isNext) session.sequence = answer.sequence;
      if ((!isNext && answer.sequence > session.sequence) || (isBehind && !ledger.state.unsent)) await session.catchUp();
    },

    close() {
      isClosed = true;
    },
  });
}
