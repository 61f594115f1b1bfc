// A form of filters that is sent as soon as one is changed; its button stays for those without scripts.
export function autoSubmit(root = document) {
  for (const form of root.querySelectorAll("form[data-auto-submit]")) {
    form.addEventListener("change", () => form.requestSubmit());
  }
}
