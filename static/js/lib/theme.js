// Light, dark or as the system: kept in a cookie, so that the server renders the choice and no page flashes.

const YEAR_S = 365 * 24 * 3600;

export function chooseTheme(theme) {
  const root = document.documentElement;
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
  document.cookie = `theme=${theme}; path=/; max-age=${theme ? YEAR_S : 0}; samesite=lax`;
  // Canvases and charts read colours once: they listen for this and draw again.
  root.dispatchEvent(new CustomEvent("themechange", { bubbles: true }));
}

for (const choice of document.querySelectorAll("[data-theme-choice]")) {
  choice.hidden = false; // without scripts the system decides
  choice.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    chooseTheme(button.value);
    for (const other of choice.querySelectorAll("button")) {
      other.setAttribute("aria-pressed", String(other === button));
    }
  });
}
