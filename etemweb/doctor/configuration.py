"""Settings with which a site that others can reach is not safe, or does not do what people expect."""

import ipaddress

from django.conf import settings

from etemweb.doctor.finding import failed, ok, warning

LOCAL = {"localhost", "127.0.0.1", "[::1]", "testserver"}
KEY_CHARS = 32
CONSOLE = "django.core.mail.backends.console.EmailBackend"


def risky_settings():
    found = [*_secrets(), *_proxy(), *_mail()]
    yield from found or [ok("settings", "Nothing in them is known to be risky.")]


def _is_public():
    return bool(set(settings.ALLOWED_HOSTS) - LOCAL)


def _secrets():
    part = "settings"
    if settings.DEBUG:
        yield failed(part, "ETEM_DEBUG is on: error pages show settings and code.", "set ETEM_DEBUG=0")
    if len(settings.SECRET_KEY) < KEY_CHARS:
        text = f"ETEM_SECRET_KEY has {len(settings.SECRET_KEY)} characters: sessions can be forged."
        yield failed(part, text, "make one of 50 random characters; all who are logged in are logged out")
    path = settings.DATA_DIR / "secret_key"
    if path.exists() and path.stat().st_mode & 0o077:
        yield failed(part, f"{path} can be read by other users of this machine.", f"chmod 600 {path}")
    if "*" in settings.ALLOWED_HOSTS:
        text = "ETEM_ALLOWED_HOSTS is “*”: links in mails can be made to lead elsewhere."
        yield failed(part, text, "name the site's own hosts")


def _proxy():
    part = "settings"
    if _is_public() and not settings.BEHIND_TLS:
        hosts = ", ".join(sorted(set(settings.ALLOWED_HOSTS) - LOCAL))
        text = f"The site answers to {hosts} without TLS: passwords can be read on the way."
        yield warning(part, text, "put a proxy with TLS in front and set ETEM_BEHIND_TLS=1")
    if settings.BEHIND_TLS and not settings.PROXIES:
        text = "ETEM_PROXY is not set: all who come through the proxy share one pause after wrong passwords."
        yield warning(part, text, "set ETEM_PROXY to the proxy's address")
    if settings.BEHIND_TLS and not _is_public():
        text = "ETEM_BEHIND_TLS is on and the site answers to this machine's own names alone."
        yield warning(part, text, "add the site's name to ETEM_ALLOWED_HOSTS")
    for name, networks in (
        ("ETEM_PROXY", settings.PROXIES),
        ("ETEM_METRICS_ALLOWED", settings.METRICS_ALLOWED),
    ):
        if any(ipaddress.ip_network(one).num_addresses > 2**24 for one in networks):
            yield failed(part, f"{name} names nearly everybody.", "name the one machine that is meant")


def _mail():
    if _is_public() and settings.EMAIL_BACKEND == CONSOLE:
        text = "Invitations and passwords are printed to the log, not mailed."
        yield warning("settings", text, "set ETEM_EMAIL_BACKEND and ETEM_EMAIL_HOST")
