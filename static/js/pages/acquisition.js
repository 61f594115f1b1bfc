import { api } from "../lib/api.js";
import { pageData } from "../lib/page_data.js";

const POLL_MS = 1500;
const UNSETTLED = new Set(["queued", "importing"]);

// The metadata table, narrowed to the rows that have every word typed.
function searchMetadata(place) {
  const field = place.querySelector("input");
  const count = place.querySelector("[data-metadata-count]");
  const rows = [...document.querySelectorAll(".metadata tbody tr")];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  place.hidden = false;
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, index) => {
      row.hidden = !words.every((word) => texts[index].includes(word));
      shown += row.hidden ? 0 : 1;
    });
    count.textContent = words.length ? `${shown} of ${rows.length}` : "";
  });
}

// While the file is read: its progress, and the whole page once it is done.
async function waitFor(place, { id }) {
  const bar = place.querySelector("progress");
  for (;;) {
    await new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
    let now;
    try {
      now = await api("GET", `/api/v1/acquisitions/${id}/`);
    } catch (failure) {
      if (failure.isTransient) continue;
      return;
    }
    if (!UNSETTLED.has(now.status)) {
      location.reload();
      return;
    }
    bar.value = now.progress;
  }
}

const search = document.querySelector("[data-metadata-search]");
if (search) searchMetadata(search);
const waiting = document.querySelector("[data-waiting]");
if (waiting) waitFor(waiting, pageData());
