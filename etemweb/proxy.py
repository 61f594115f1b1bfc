"""What is believed of a request about where it came from, beyond what the connection itself says."""

import io
from urllib.parse import urlsplit

from channels.security.websocket import OriginValidator, WebsocketDenier
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest


def behind_proxy(application):
    """Take the client's address from X-Forwarded-For where a proxy is named, and from nobody else.

    A client that could choose its address could guess passwords without a pause.
    """
    if not settings.PROXIES:
        return application
    from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

    return ProxyHeadersMiddleware(application, settings.PROXIES)


class SameOrigin(OriginValidator):
    """Sockets for pages of this site only: scheme, host and port, as Django asks of a form that is sent.

    The cookie goes along from every port of a host, so the host alone would let in another program's pages.
    """

    def __init__(self, application):
        super().__init__(application, [word.replace("://*", "://") for word in settings.CSRF_TRUSTED_ORIGINS])

    async def __call__(self, scope, receive, send):
        request = ASGIRequest({**scope, "method": "GET", "scheme": _http(scope)}, io.BytesIO())
        try:
            own = f"{request.scheme}://{request.get_host()}"
        except DisallowedHost:
            own = None
        origin = request.headers.get("origin", "").lower()
        is_own = own is not None and origin == own.lower()
        inner = self.application if is_own or self._is_trusted(origin) else WebsocketDenier()
        return await inner(scope, receive, send)

    def _is_trusted(self, origin):
        try:
            return self.valid_origin(urlsplit(origin))
        except ValueError:  # no address at all
            return False


def _http(scope):
    return {"ws": "http", "wss": "https"}.get(scope.get("scheme"), scope.get("scheme") or "http")


def socket_origin(request):
    """`wss://host:port` of the site that was asked."""
    return f"{'wss' if request.is_secure() else 'ws'}://{request.get_host()}"


def path_of_own(request, address):
    """Path and query of an address if it is one of this site's, else nothing."""
    parts = urlsplit(address or "")
    if (parts.scheme, parts.netloc) != (request.scheme, request.get_host()):
        return ""
    return parts.path + (f"?{parts.query}" if parts.query else "")
