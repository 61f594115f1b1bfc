// Deciding on suggestions: shown at once, sent as one entry of the ledger, and what the server says of it.

import { uuid } from "../lib/uuid.js";
import { decisionWords } from "./already_there.js";

// isThere(slot): an annotation says it already. onOwn(group): this tab did something.
export function createSuggestionDecisions({ model, editor, isThere, getSession, onOwn }) {
  let onWay = new Map(); // group -> {ids decided, how, n of them there already}, not yet acknowledged

  return {
    decide(decision, chosen, which) {
      if (!chosen.length || !editor.mayEdit) return;
      const group = uuid();
      const steps = chosen.map((particle) => ({
        layer: model.layer.id, particle, before: { decision: model.store.get(particle).decision }, after: { decision },
      }));
      const there = decision === "accepted" ? chosen.filter((id) => isThere(model.store.slot(id))).length : 0;
      onWay.set(group, { ids: new Set(chosen), decision, there });
      onOwn(group);
      model.store.put(...chosen.map((id) => ({ id, decision })));
      editor.history.commit({ group, steps });
      const url = `/api/v1/layers/${model.layer.id}/decisions/`;
      editor.ledger.add({ id: group, layer: getSession().layer, kind: "decisions", url, body: { group, decision, ...which } });
      editor.announce(decisionWords(decision, chosen.length, there));
    },

    isOnWay: (slot) => model.store.decision[slot] === "accepted" && [...onWay.values()].some(({ ids }) => ids.has(model.store.ids[slot])),
    forget: () => (onWay = new Map()),

    // Whether all went as shown here. What others drew meanwhile, and was not added again, is told.
    acknowledged(group, decided, there) {
      const some = onWay.get(group);
      onWay.delete(group);
      if (some?.ids.size !== decided) return false;
      if (there !== undefined && there !== some.there) {
        editor.emit("trouble", { kind: "decisions", detail: `${decisionWords(some.decision, decided, there)}.` });
      }
      return true;
    },
  };
}
