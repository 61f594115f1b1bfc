// The queue: the server renders, this keeps what it rendered up to date while somebody looks.
import { pageData } from "../lib/page_data.js";
import { refresher } from "../lib/part.js";

const EVERY_MS = 3000;

const refresh = refresher(() => new URL(location.href), pageData("page-data").part);
setInterval(() => { if (!document.hidden) refresh(); }, EVERY_MS);
