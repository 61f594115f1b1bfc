import { autoSubmit } from "../lib/auto_submit.js";

autoSubmit();
