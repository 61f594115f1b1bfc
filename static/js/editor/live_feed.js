// The project's live feed, for this page: what others draw, runs, and calibrations. One's own edits go out on it.

import { createCalibrationFeed } from "../frame/calibration_feed.js";
import { endOf } from "../lib/gone.js";
import { connectFeed, feedUrl } from "../lib/socket.js";

// Who is logged out may log in again in another tab: that is no end here, where edits wait to be sent.
const NOT_YOURS = "This image is deleted, or you are no longer a member of its project: nothing drawn now is kept.";
const END = { 403: NOT_YOURS, 404: NOT_YOURS };

export function createLiveFeed(editor) {
  const isEnd = endOf(() => editor.feed, { words: END });
  const failed = (error) => isEnd(error) || editor.failed(error);
  const onSizes = () => editor.session.isLoaded && editor.session.reload().catch(failed);
  const calibrations = createCalibrationFeed(editor.viewer, { onSizes, failed });
  const hear = (message) => {
    if (message.type === "layer") {
      if (message.frame !== editor.viewer.frame.id) return;
      editor.session.hear?.(message).catch(failed);
      if ("reviewed" in message) editor.emit("review", message);
      if (message.suggestions) editor.suggestions.hear(message);
    } else if (message.type === "run") editor.emit("run", message);
    else if (message.type === "acquisition") calibrations.hear(message);
  };
  const refetch = () => {
    editor.session.catchUp?.().catch(failed);
    calibrations.refetch();
    if (editor.session.isLoaded) editor.suggestions.refresh();
    if (editor.ledger.state.unsent) editor.ledger.flush();
  };
  const feed = (editor.feed = connectFeed(feedUrl(editor.project), { onMessage: hear, refetch }));
  addEventListener("offline", feed.pause);
  addEventListener("online", feed.reconnect);
}
