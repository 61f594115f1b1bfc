// The page of a large COCO file: brings itself up to date until the file is done, without a reload.
import { endOf } from "../lib/gone.js";
import { refresher } from "../lib/part.js";

let isOver = false;
const onError = endOf(() => ({ stop: () => { isOver = true; } }));
const refresh = refresher(() => location.href, "#import", { onError }); // ends after a pause
while (!isOver && document.getElementById("import").dataset.state !== "over") await refresh();
