"""Every request: an id that its log lines and its tasks carry, and how long it took."""

import logging
import time

from etemweb import logs, metrics

logger = logging.getLogger("etemweb.requests")


class ObserveMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        begun = time.perf_counter()
        own = logs.request_id(request.headers.get("X-Request-ID", ""))
        with logs.belonging_to(request=request, request_id=own):
            response = self.get_response(request)
            seconds = time.perf_counter() - begun
            # The route, not the path: some addresses are secrets (an invitation's), and there are many.
            match = request.resolver_match
            route = f"/{match.route}" if match else "(none)"
            metrics.note_request(request.method, route, response.status_code, seconds)
            more = {"route": route, "status": response.status_code, "ms": round(1000 * seconds, 1)}
            logger.info("%s %s %s", request.method, route, response.status_code, extra={"more": more})
        response["X-Request-ID"] = own
        return response
