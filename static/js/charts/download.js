// A figure as a file, with its caption below it: a chart without its rules is not evidence.
import { withTemplate } from "./draw.js";

const WIDTH_PX = 900;
const PLOT_HEIGHT_PX = 460;
const LINE_PX = 17;
const LINE_CHARS = 128; // at 11 px
const PNG_SCALE = 3; // about 270 dpi at the width of a page

export function wrap(text, limit = LINE_CHARS) {
  const lines = [""];
  for (const word of text.trim().split(/\s+/)) {
    const longer = lines.at(-1) ? `${lines.at(-1)} ${word}` : word;
    if (longer.length > limit && lines.at(-1)) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

// Plotly reads some tags in texts; a caption with a file's name in it must stay text.
export function plain(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

export function captioned(figure, template, caption) {
  const { data, layout } = withTemplate(figure, template);
  const lines = wrap(caption);
  const margin = { ...layout.margin, b: 64 + LINE_PX * lines.length };
  const note = {
    text: lines.map(plain).join("<br>"),
    xref: "paper", yref: "paper", x: 0, y: 0, xanchor: "left", yanchor: "top", yshift: -48,
    align: "left", showarrow: false, font: { size: 11 },
  };
  return { data, layout: { ...layout, margin, annotations: [...(layout.annotations ?? []), note] }, lines };
}

// `format` is "svg" or "png"; always on white, since it goes on paper.
export function download(figure, template, caption, format, filename) {
  const { data, layout, lines } = captioned(figure, template, caption);
  return Plotly.downloadImage(
    { data, layout },
    {
      format, filename, width: WIDTH_PX, height: PLOT_HEIGHT_PX + LINE_PX * lines.length,
      scale: format === "png" ? PNG_SCALE : 1,
    },
  );
}
