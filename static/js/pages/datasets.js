// The datasets of a project, or one.
import { keepFresh } from "../lib/live.js";
import "../lib/send_once.js";

const isAnswer = !location.pathname.match(/datasets\/(\d+\/)?$/); // to a form that was refused

function isMine(message, { id }) {
  if (message.type === "dataset") return !id || message.id === id;
  return !id && message.type === "run" && message.kind === "synthesise";
}

keepFresh(isMine, { isHeld: () => isAnswer });
