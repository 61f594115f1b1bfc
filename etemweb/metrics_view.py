"""/metrics for Prometheus: for who has the token or asks from a named network; others find nothing there."""

import hmac
import ipaddress

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from etemweb.metrics import requests_text


@login_not_required
@require_safe
def metrics(request):
    if not may_read(request):
        raise Http404
    # Imported here: sites without it need not load it.
    from prometheus_client import CollectorRegistry, generate_latest

    from etemweb.gauges import SiteCollector

    registry = CollectorRegistry()
    registry.register(SiteCollector())
    text = requests_text() + generate_latest(registry).decode()
    kind = "text/plain; version=0.0.4; charset=utf-8"
    return HttpResponse(text, content_type=kind, headers={"Cache-Control": "no-store"})


def may_read(request):
    if token := settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "")
        if hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            return True
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(one) for one in settings.METRICS_ALLOWED)
