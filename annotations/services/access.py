"""The door to a single object: who may not see it gets 404, who lacks the role gets 403 and a sentence."""

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404

REFUSALS = {
    "editable_by": "You may look at this project but not change it; ask a manager for the annotator role.",
    "reviewable_by": "Only reviewers and those above them may do this; ask one of the project’s managers.",
    "manageable_by": "Only managers and owners of the project may do this; ask one of them.",
    "owned_by": "Only owners of the project may do this; ask one of them.",
}


def fetch(queryset, *, by, may="visible_to", **lookup):
    """The row of `queryset` (or manager) found by `lookup`, if `by` may do what the method `may` names.

    Raises
    ------
    Http404
        If `by` may not even see it: a stranger cannot tell that it exists.
    PermissionDenied
        If `by` sees it but their role does not reach.
    """
    row = get_object_or_404(queryset.visible_to(by), **lookup)
    if may != "visible_to" and not getattr(queryset, may)(by).filter(pk=row.pk).exists():
        raise PermissionDenied(REFUSALS[may])
    return row
