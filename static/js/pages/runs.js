// The runs of a project, or one run.
import { keepFresh } from "../lib/live.js";
import "../lib/send_once.js";

keepFresh(
  (message, { run }) => message.type === "acquisition" || (message.type === "run" && (!run || message.id === run)),
  // A training's curves are told by the same feed (pages/training.js).
  { listen: (message) => document.dispatchEvent(new CustomEvent("feed", { detail: message })) },
);
