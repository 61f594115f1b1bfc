// The end of a page's feed for who may no longer read what it tells of: said once, and nothing is asked again.
import { toast } from "./toast.js";

const NOT_YOURS = "You are no longer a member of this project, or this is deleted.";
const WORDS = { 401: "You are logged out; log in again to see what is new.", 403: NOT_YOURS, 404: NOT_YOURS };

// A function that takes an error of a refetch and answers whether it was the end. `feed` is asked for when needed,
// as it is made after what reports to it; `words` leaves out what is no end on this page.
export function endOf(feed, { words = WORDS, say = toast } = {}) {
  let isSaid = false;
  return ({ status }) => {
    if (!words[status]) return false;
    feed().stop();
    if (!isSaid) say(words[status], "error");
    isSaid = true;
    return true;
  };
}
