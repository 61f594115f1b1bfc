"""The site's settings with what tests need otherwise."""

import os

from etemweb.settings import *  # noqa: F403
from etemweb.settings import DATA_DIR

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGE_DIR = MEDIA_ROOT = DATA_DIR / "storage" / os.environ.get("PYTEST_XDIST_WORKER", "main")
RELEASE = "test"
STATIC_URL = f"/static/{RELEASE}/"
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
