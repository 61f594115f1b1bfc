// One click, one run: forms marked data-once are sent once; the server refuses a second one anyway.
const sent = new Set();

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-once]")) return;
  if (sent.has(event.target)) event.preventDefault();
  sent.add(event.target);
});
// Whoever comes back to the page as it was left may send again.
window.addEventListener("pageshow", () => sent.clear());
