"""Whether nm may be shown on a frame, and if not, why: one answer for pages, the API and the viewer."""

from annotations.models import Calibration

ADOPTED, NONE, CONFLICT, WITHDRAWN, UNSIZEABLE = "adopted", "none", "conflict", "withdrawn", "unsizeable"
NO_CALIBRATION = "This file tells no pixel size: sizes are in pixels until someone calibrates it."
PIXELS_ONLY = "The calibration was withdrawn: sizes are in pixels."


def calibration_state(frame):
    """The calibration in force or None, the state's name, and one sentence where there is none.

    Returns
    -------
    calibration : Calibration or None
    state : str
    reason : str
    """
    if frame.unsizeable_reason:
        return None, UNSIZEABLE, frame.unsizeable_reason
    if frame.calibration_conflict:
        return None, CONFLICT, frame.calibration_conflict
    in_force = Calibration.objects.select_related("author").current_for(frame)
    if in_force:
        return in_force, ADOPTED, ""
    has_adopted = Calibration.objects.for_frame(frame).filter(is_adopted=True).exists()
    return (None, WITHDRAWN, PIXELS_ONLY) if has_adopted else (None, NONE, NO_CALIBRATION)
