"""Logged in without the form: its own tests prove that."""

from urllib.parse import urlsplit

from django.conf import settings
from django.test import Client


def session_cookie(site, user):
    client = Client()
    client.force_login(user)
    return {
        "name": settings.SESSION_COOKIE_NAME,
        "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
        "domain": urlsplit(site).hostname,
        "path": "/",
    }
