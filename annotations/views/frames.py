"""The page of one frame: the viewer, and in it the editor."""

from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from annotations.api.frames import FrameSerializer
from annotations.models import Frame, Project


@require_safe
def frame_page(request, pk):
    frames = Frame.objects.visible_to(request.user).ready().select_related("acquisition__project")
    frame = get_object_or_404(frames, pk=pk)
    shown = FrameSerializer(frame).data
    project = frame.acquisition.project
    context = {
        "frame": frame,
        "acquisition": frame.acquisition,
        "project": project,
        "shown": shown,
        "page_data": {
            "frame": shown,
            "user": request.user.pk,
            "project": project.pk,
            "may_edit": Project.objects.editable_by(request.user).filter(pk=project.pk).exists(),
            "may_review": Project.objects.reviewable_by(request.user).filter(pk=project.pk).exists(),
            "classes": list(project.label_classes.values("id", "name", "key", "color")),
        },
    }
    return render(request, "annotations/frame.html", context)
