"""Programs that tests start for themselves, on the tests' own database."""

import os
from urllib.parse import quote

from django.db import connection


def environment():
    """What a program needs to work on the tests' database and storage, embedded or over TCP."""
    database = connection.settings_dict
    account = f"{quote(database['USER'])}:{quote(database['PASSWORD'] or '')}"
    port = f":{database['PORT']}" if database["PORT"] else ""
    url = f"postgresql://{account}@{port}/{database['NAME']}?host={quote(database['HOST'])}"
    own = {"DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": url, "DJANGO_ALLOW_ASYNC_UNSAFE": ""}
    return {**os.environ, **own}
