// One click, one training; the server refuses a second one anyway.
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-once]")) return;
  const button = event.target.querySelector("button[type=submit]");
  if (button.dataset.sent) event.preventDefault();
  button.dataset.sent = "yes";
});
