// [data-copy]: a read-only field and a button that copies it. Without scripts the field is selected by hand.

const SAID_MS = 2000;

for (const place of document.querySelectorAll("[data-copy]")) {
  const field = place.querySelector("input");
  const button = place.querySelector("button");
  const words = button.querySelector("span");
  button.hidden = false;
  field.addEventListener("focus", () => field.select());
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      // The clipboard is closed to plain HTTP; what is selected can still be copied.
      document.execCommand("copy");
    }
    words.textContent = "Copied";
    setTimeout(() => { words.textContent = "Copy"; }, SAID_MS);
  });
}
