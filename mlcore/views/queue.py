"""What waits and what is worked on: everything for operators, their own projects' runs for everybody else."""

from django.shortcuts import render
from django.views.decorators.http import require_GET

from mlcore.services.queue_state import queue_state


@require_GET
def queue(request):
    page = {**queue_state(user=request.user), "page_data": {"part": "#queue"}}
    return render(request, "mlcore/queue.html", page)
