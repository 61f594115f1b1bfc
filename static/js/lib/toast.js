// A short message at the bottom right, read out by screen readers: toast("Saved."), toast("...", "error").

const SHOWN_MS = 6000;

export function toast(text, kind = "info") {
  const message = document.createElement("div");
  message.className = `message ${kind}`;
  const words = document.createElement("span");
  words.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "button quiet small";
  close.textContent = "Close";
  close.addEventListener("click", () => message.remove());
  message.append(words, close);
  document.getElementById("toasts").append(message);
  // An error stays until it is read.
  if (kind !== "error") setTimeout(() => message.remove(), SHOWN_MS);
  return message;
}
