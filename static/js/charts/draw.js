// Draws figures that the server built. Plotly itself is the file of the Python package, so that both sides have
// one version; it makes styles of its own, which only pages with charts allow.
const CONFIG = {
  plotlyServerURL: "", // Plotly 4 would offer to send the figure to a cloud
  modeBarButtonsToRemove: ["sendChartToCloud", "select2d", "lasso2d"],
  displaylogo: false,
  displayModeBar: false,
  responsive: true,
};

export function themeNow() {
  const chosen = document.documentElement.dataset.theme;
  if (chosen) return chosen;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

export function withTemplate(figure, template) {
  return { data: figure.data, layout: { ...figure.layout, template } };
}

// Draw `figures[name]` into every [data-figure="name"], and again when the colours change. For each element
// `onDrawn(element, name)` is called once.
export function drawAll({ figures, templates }, onDrawn = () => {}) {
  const places = [...document.querySelectorAll("[data-figure]")];
  const draw = async (place) => {
    const { data, layout } = withTemplate(figures[place.dataset.figure], templates[themeNow()]);
    await Plotly.react(place, data, { ...layout, autosize: true }, CONFIG);
    // The container says in words what the drawing shows; its parts have no names worth reading out.
    place.firstElementChild?.setAttribute("aria-hidden", "true");
  };
  const redraw = () => places.forEach(draw);
  document.documentElement.addEventListener("themechange", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  return Promise.all(places.map((place) => draw(place).then(() => onDrawn(place, place.dataset.figure))));
}
