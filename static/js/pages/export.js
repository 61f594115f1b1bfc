// The import form without reloading the page, so that a file that was checked need not be chosen again.
import { autoSubmit } from "../lib/auto_submit.js";

const WAIT = "Reading the file …";

async function send(form, action, place) {
  const body = new FormData(form);
  body.set("action", action);
  place.textContent = WAIT;
  // Not form.action: that is the buttons, by their name.
  const response = await fetch(form.getAttribute("action"), { method: "POST", body, credentials: "same-origin" });
  if (response.redirected) return location.assign(response.url); // a large file: that page tells how far it is
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const found = page.querySelector("#report") ?? page.querySelector("#import .errorlist");
  if (!found) throw new Error(`The server answered with an error (${response.status}); try again in a moment.`);
  place.replaceChildren(document.importNode(found, true));
}

autoSubmit();
const form = document.querySelector("[data-import]");
form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const place = document.querySelector("[data-report]");
  const buttons = form.querySelectorAll("button");
  for (const button of buttons) button.disabled = true;
  try {
    await send(form, event.submitter?.value ?? "check", place);
  } catch (error) {
    place.textContent = error instanceof TypeError ? "The server could not be reached; try again." : error.message;
  } finally {
    for (const button of buttons) button.disabled = false;
  }
});
