from django.conf import settings

# Where nobody reads what is sent.
SILENT = ("console.EmailBackend", "dummy.EmailBackend")


def sends_mail():
    """Whether this site has been told how to send e-mail."""
    return not settings.EMAIL_BACKEND.endswith(SILENT)
