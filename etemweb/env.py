"""Reading settings from the environment; every refusal names the variable and what it may be."""

import ipaddress
import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


def text(name, default=""):
    return os.environ.get(name, default)


def flag(name, default=False):
    value = os.environ.get(name, str(default)).strip().lower()
    if value not in TRUE | FALSE:
        raise ImproperlyConfigured(f"{name} must be one of 1, 0, true, false, got {value!r}.")
    return value in TRUE


def number(name, default):
    value = os.environ.get(name, str(default))
    try:
        return type(default)(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a number, got {value!r}.") from None


def one_of(name, default, allowed):
    value = os.environ.get(name, "").strip() or default
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(sorted(allowed))}, got {value!r}.")
    return value


def words(name, default=""):
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def networks(name):
    """Addresses or networks, with commas between."""
    found = words(name)
    for word in found:
        try:
            ipaddress.ip_network(word)
        except ValueError:
            raise ImproperlyConfigured(
                f"{name} must be addresses or networks such as 127.0.0.1 or 10.0.0.0/8, got {word!r}."
            ) from None
    return found


def data_dir():
    """Where everything that must be kept lives: database, queue, originals, tiles."""
    return Path(os.environ.get("ETEM_DATA_DIR") or BASE_DIR / "data").resolve()


def database(url):
    """Django's DATABASES entry for `postgresql://user:password@host:port/name?host=/socket/dir`."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"DATABASE_URL must begin with postgresql://, got {parts.scheme!r}.")
    query = dict(parse_qsl(parts.query))
    pool_size = number("ETEM_DB_POOL", 12)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", "") or parts.hostname or "",
        "PORT": str(parts.port or ""),
        # A pool rather than CONN_MAX_AGE: under ASGI each request runs in a thread of its own, so kept
        # connections would pile up.
        "OPTIONS": {
            **query,
            "pool": {"min_size": 1, "max_size": pool_size, "timeout": 20} if pool_size else False,
        },
    }


def storage(url):
    """Django's STORAGES entry for `s3://KEY:SECRET@HOST/BUCKET/PREFIX?region=NAME`; `s3+http` has no TLS.

    Without a key boto3 looks where it always does: its own variables and files, the machine's role.
    """
    if not url:
        return {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    parts = urlsplit(url)
    bucket, _, prefix = parts.path.strip("/").partition("/")
    if parts.scheme not in {"s3", "s3+http"} or not parts.hostname or not bucket:
        raise ImproperlyConfigured(
            "ETEM_STORAGE_URL must be s3://KEY:SECRET@HOST/BUCKET (s3+http:// without TLS), "
            f"got one that begins with {url.partition('://')[0][:20]!r}."
        )
    from botocore.config import Config  # only where it is used: it takes a while

    port = f":{parts.port}" if parts.port else ""
    client = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        # Other servers than Amazon's do not all know the newer checksums.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        max_pool_connections=32,
        connect_timeout=5,
        read_timeout=60,
        retries={"max_attempts": 4, "mode": "standard"},
    )
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "endpoint_url": f"{'http' if parts.scheme == 's3+http' else 'https'}://{parts.hostname}{port}",
            "access_key": unquote(parts.username) if parts.username else None,
            "secret_key": unquote(parts.password) if parts.password else None,
            "bucket_name": bucket,
            "location": unquote(prefix),
            "region_name": dict(parse_qsl(parts.query)).get("region"),
            "client_config": client,
            "default_acl": None,
            "querystring_auth": True,
            "file_overwrite": True,  # of an upload that was killed; a name's content never changes
            "max_memory_size": 16 * 2**20,  # what is larger is read by way of the disk
        },
    }


def redis_database(url, further):
    """The same server's database whose number is `further` above the one that the address names (else 0)."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    in_path = parts.path.strip("/") if parts.scheme != "unix" else ""
    named = query.pop("db", "") or in_path or "0"
    if not named.isdigit():
        raise ImproperlyConfigured(f"REDIS_URL must name its database by a number, got {named!r}.")
    number = int(named) + further
    if parts.scheme == "unix":
        return f"unix://{parts.path}?{urlencode({**query, 'db': number}, safe='/')}"
    return f"{parts.scheme}://{parts.netloc}/{number}" + (f"?{urlencode(query)}" if query else "")
