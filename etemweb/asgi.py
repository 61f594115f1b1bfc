import os
import tempfile

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "etemweb.settings")
# Requests run side by side; NumPy's own threads would wait for each other, at twice the CPU time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
http = get_asgi_application()  # first: it sets Django up, and consumers import models

from django.conf import settings  # noqa: E402

from annotations.consumers import websocket_urlpatterns  # noqa: E402
from etemweb.body_limit import BodyLimit  # noqa: E402
from etemweb.proxy import SameOrigin, behind_proxy  # noqa: E402
from etemweb.static_files import with_static_files  # noqa: E402

OTHER_REQUEST_BYTES = 256 * 2**20
settings.SPOOL_DIR.mkdir(parents=True, exist_ok=True)
tempfile.tempdir = str(settings.SPOOL_DIR)

application = ProtocolTypeRouter(
    {
        "http": with_static_files(
            BodyLimit(http, {"/api/v1/": settings.MAX_REQUEST_BYTES, "": OTHER_REQUEST_BYTES})
        ),
        "websocket": SameOrigin(AuthMiddlewareStack(URLRouter(websocket_urlpatterns))),
    }
)
application = behind_proxy(application)
