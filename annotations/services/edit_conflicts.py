"""When two people touch the same box: what can stand side by side, and what to say where it cannot."""

from django.utils import timezone

from annotations.models import Event
from annotations.services.projection import UNITS, changed_units


def told_apart(batch, edit, units, base):
    """Whether nothing in `units` was changed after version `base`, so that both edits can stand."""
    since = batch.events_since(edit.particle, base)
    return not any(units & changed_units(event) for event in since)


def refusal(batch, edit, base=0):
    """One sentence: who did what to the box meanwhile, and what became of this edit."""
    since = batch.events_since(edit.particle, base)
    if not since:
        return "This box is not in the layer any more; reload the page."
    wanted = {UNITS[name] for name in edit.fields} or set(UNITS.values())
    event = next((e for e in reversed(since) if changed_units(e) & wanted), since[-1])
    who = "You, in another window," if event.actor_id == batch.by.pk else event.actor.display_name
    when = timezone.localtime(event.at).strftime("%H:%M") if event.at else "just now"
    lost = {"change": "your change was", "delete": "your deletion was"}.get(edit.action, "this was")
    return f"{who} {_what(event)} this box at {when}; {lost} not saved."


def _what(event):
    if event.action == Event.Action.DELETE:
        return "deleted"
    if event.action == Event.Action.ADD:
        return "restored"
    if "label_class" in event.after:
        return "changed the class of"
    if "width" in event.after or "height" in event.after:
        return "resized"
    return "moved" if "x" in event.after or "y" in event.after else "changed the outline of"
