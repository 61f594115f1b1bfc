"""The same for the operator's browser."""

import time

from django.contrib import admin
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from etemweb.doctor import FAILED, WARNING, examine


@never_cache
@require_safe
def doctor_page(request):
    begun = time.perf_counter()
    found = list(examine())
    words = {
        **admin.site.each_context(request),
        "title": "How the site is",
        "found": found,
        "n_failed": sum(one.state == FAILED for one in found),
        "n_warnings": sum(one.state == WARNING for one in found),
        "seconds": time.perf_counter() - begun,
    }
    return render(request, "admin/doctor.html", words)
