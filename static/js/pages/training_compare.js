import { drawAll } from "../charts/draw.js";
import { pageData } from "../lib/page_data.js";

await drawAll(pageData());
document.body.dataset.drawn = "true";
