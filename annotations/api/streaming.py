"""Long answers, sent as they are made: a million rows never stand in memory."""

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import StreamingHttpResponse


def streamed(request, chunks, *, content_type, filename):
    """A download of text chunks. Under ASGI Django would first collect a plain iterator whole."""
    http_request = getattr(request, "_request", request)  # DRF wraps Django's
    body = _one_by_one(chunks) if isinstance(http_request, ASGIRequest) else chunks
    response = StreamingHttpResponse(body, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    response["Cache-Control"] = "private, no-store"
    return response


async def _one_by_one(chunks):
    iterator = iter(chunks)
    following = sync_to_async(lambda: next(iterator, None))  # in the request's own thread and connection
    while (chunk := await following()) is not None:
        yield chunk
