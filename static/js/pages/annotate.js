// The page of a frame: the viewer, and on it the editor.
import { openFramePage } from "../frame/frame_page.js";

openFramePage();
