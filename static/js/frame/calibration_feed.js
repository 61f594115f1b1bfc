// A calibration changed elsewhere, in another tab or by another person, reaches the image that is open here.

import { api } from "../lib/api.js";
import { toast } from "../lib/toast.js";
import { sizeText } from "./calibration_panel.js";

export function createCalibrationFeed(viewer, { onSizes, failed }) {
  let asked = 0;

  const refresh = async () => {
    const { id } = viewer.frame;
    const turn = ++asked;
    const now = await api("GET", `/api/v1/frames/${id}/`);
    const { calibration, calibration_state, calibration_reason } = now;
    const { frame } = viewer;
    if (frame.id !== id || turn !== asked) return false;
    if (frame.calibration?.id === calibration?.id && frame.calibration_state === calibration_state) return false;
    viewer.setCalibration({ calibration, calibration_state, calibration_reason });
    const who = calibration?.author ? ` by ${calibration.author}` : "";
    toast(calibration ? `Calibrated${who}: ${sizeText(calibration)}.` : calibration_reason);
    return true;
  };

  return {
    // What was missed while the feed was away.
    refetch: () => refresh().catch(failed),

    // A message of the project's feed.
    hear(message) {
      if (message.id !== viewer.frame.acquisition) return;
      if (message.status === "deleted") {
        toast("This image was deleted; what is drawn on it now is not kept.", "error");
        return;
      }
      // A change of frame or of calibration reads the sizes; that a worker has measured them, nothing else tells.
      refresh().then((isNew) => !isNew && message.sizes && onSizes()).catch(failed);
    },
  };
}
