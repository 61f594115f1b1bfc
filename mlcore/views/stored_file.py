"""Files of the storage on their way out, in pieces; what is stored under a name never changes."""

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import FileResponse, Http404, StreamingHttpResponse
from django.utils.http import content_disposition_header

from mlcore.services.stored import open_file

CHUNK_BYTES = 2**18
FOR_EVER = "private, max-age=31536000, immutable"


def stored_file(request, folder, file_name, kind, *, download_as=""):
    """A response with a file of a stored folder; 404 where it is not there."""
    try:
        file = open_file(folder, file_name)
        length = file.size
    except (OSError, ValueError):
        raise Http404 from None
    # Under ASGI Django would gather an ordinary file in memory; without it there is nobody to await.
    if isinstance(getattr(request, "_request", request), ASGIRequest):
        response = StreamingHttpResponse(_pieces(file), content_type=kind)
    else:
        response = FileResponse(file, content_type=kind)
    response["Content-Length"] = length
    response["Cache-Control"] = FOR_EVER
    response["X-Content-Type-Options"] = "nosniff"
    if download_as:
        response["Content-Disposition"] = content_disposition_header(True, download_as)
    return response


async def _pieces(file):
    try:
        while piece := await sync_to_async(file.read)(CHUNK_BYTES):
            yield piece
    finally:
        await sync_to_async(file.close)()
