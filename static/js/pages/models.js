// Models, comparisons and what to annotate next.
import { keepFresh } from "../lib/live.js";
import { pageData } from "../lib/page_data.js";
import "../lib/send_once.js";

const KINDS = new Set(["run", "model", "promotion", "dataset"]);
const { part } = pageData("page-data");

// What somebody is filling in is not exchanged under their hands.
const isHeld = () => Boolean(document.activeElement?.closest(`${part} form`));

keepFresh((message) => KINDS.has(message.type), { isHeld });
