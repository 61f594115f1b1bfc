// The editor of a frame's particles, on the viewer: createEditor({viewer, shortcuts, data}) wires its parts.
//
// editor.store, .session and .suggestions are those of the frame in view; .selection, .history, .ledger, .actions
// last as long as the page (the history is made anew for each frame).

import { createHistory } from "../canvas/history.js";
import { createParticleStore } from "../canvas/particle_store.js";
import { createSelection } from "../canvas/selection.js";
import { classStyles } from "../canvas/class_styles.js";
import { createEmitter } from "../canvas/emitter.js";
import { sizeText } from "../canvas/size_text.js";
import { api } from "../lib/api.js";
import { createActions } from "./actions.js";
import { openLedger } from "./browser_ledger.js";
import { createSession } from "./session.js";
import { sayFitted, spoken } from "./spoken.js";
import { createSuggestions } from "./suggestions.js";

export function createEditor({ viewer, data }) {
  const { on, emit } = createEmitter();
  const selection = createSelection();
  const editor = {
    on, emit, viewer, selection,
    mayEdit: data.may_edit,
    mayReview: data.may_review,
    user: data.user,
    project: data.project,
    classes: data.classes,
    styles: classStyles(data.classes),
    hiddenClasses: new Set(),
    activeClass: data.classes[0]?.id ?? null,
    autoFit: false,
    draft: null,
    feed: null, // of the project, once it is opened
    store: createParticleStore(1, 1),
    session: { isLoaded: false, versions: new Map() },
    history: createHistory(() => emit("history")),

    frameSize: () => ({ width: viewer.frame.width_px, height: viewer.frame.height_px }),
    scale: () => viewer.viewport.state.scale,
    calibration: () => viewer.frame.calibration ?? null,
    redraw: () => viewer.scene.requestDraw(),
    announce: (text) => viewer.announce(text),
    reveal: (box) => box && viewer.viewport.reveal(box),
    colorOf: (labelClass) => (editor.styles.get(labelClass || 0) ?? editor.styles.get(0)).color,
    isShown: (slot) => !editor.hiddenClasses.has(editor.store.label_class[slot]),
    describe(box) {
      const name = (editor.styles.get(box.label_class || 0) ?? editor.styles.get(0)).name;
      return `${name}, ${sizeText(box, editor.calibration())}, at ${Math.round(box.x)}, ${Math.round(box.y)} px`;
    },
    // Being offline for a while is no news here: the next sign of life reads what was missed.
    failed(error) {
      if (!(error.isTransient && editor.session.isLoaded)) emit("unloaded", error);
    },
    // Several changes, one redraw: stores tell of each, and a draw is asked for once a frame anyway.
    batch: (work) => work(),

    // The smallest box in view under a point; of several, a selected one.
    idAt(x, y, preferred = null) {
      const found = editor.store.at(x, y).filter(editor.isShown).map((slot) => editor.store.ids[slot]);
      return found.find((id) => preferred?.has(id)) ?? found[0] ?? null;
    },
    idsWithin(rect, isWithin) {
      const found = [];
      const { store } = editor;
      store.query(rect.x, rect.y, rect.x + rect.width, rect.y + rect.height, (slot) => {
        const box = { x: store.x[slot], y: store.y[slot], width: store.width[slot], height: store.height[slot] };
        if (editor.isShown(slot) && isWithin(box, rect)) found.push(store.ids[slot]);
      });
      return found;
    },
    hoverAt: ({ x, y }) => selection.hover(editor.idAt(x, y)),
    setCursor(cursor) {
      viewer.canvas.style.cursor = cursor;
    },
    setDraft(draft) {
      editor.draft = draft;
      editor.redraw();
      emit("draft", draft);
    },
    setHidden(boxes, isHidden) {
      for (const { id } of boxes) {
        const slot = editor.store.slot(id);
        if (slot !== undefined) editor.store.hidden[slot] = isHidden ? 1 : 0;
      }
      editor.redraw();
    },
    setActiveClass(id) {
      editor.activeClass = id;
      emit("class");
    },
    toggleClass(id) {
      if (!editor.hiddenClasses.delete(id)) editor.hiddenClasses.add(id);
      emit("particles");
      editor.redraw();
    },
    setAutoFit(isOn) {
      editor.autoFit = isOn;
      emit("autofit");
    },

    open(frame) {
      editor.session.close?.();
      selection.set();
      editor.setDraft(null);
      const store = createParticleStore(frame.width_px, frame.height_px);
      store.onChange(() => {
        selection.keep(store.has);
        editor.redraw();
        emit("particles");
      });
      editor.store = store;
      editor.history = createHistory(() => emit("history"));
      const parts = { frame, store, ledger, history: editor.history, api, mayEdit: editor.mayEdit, suggestions };
      const session = createSession({
        ...parts,
        onTrouble: (trouble) => emit("trouble", trouble),
        onLoaded: () => emit("loaded", frame),
      });
      editor.session = session;
      emit("particles");
      emit("history");
      session.open().catch((error) => emit("unloaded", error));
    },
  };
  const suggestions = (editor.suggestions = createSuggestions(editor, api));
  const ledger = (editor.ledger = openLedger({
    user: data.user,
    getFeed: () => editor.feed,
    onSettled: (message) => editor.session.settled?.(message).then(() => sayFitted(editor, message)).catch(editor.failed),
    onState: (state) => emit("saved", state),
  }));
  editor.actions = spoken(editor, createActions(editor));
  selection.onChange(() => {
    editor.redraw();
    emit("selection");
  });
  viewer.on("frame", editor.open);
  let of = viewer.frame.id;
  viewer.on("calibration", (frame) => {
    // Sizes were measured anew; a change of frame loads them anyway.
    if (frame.id === of && editor.session.isLoaded) editor.session.reload().catch(editor.failed);
    of = frame.id;
  });
  return editor;
}
