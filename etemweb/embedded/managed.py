"""`manage.py` and the embedded servers: which data directory is meant, and whether a site runs on it."""

import os
import secrets
from pathlib import Path

from etemweb.embedded import postgres
from etemweb.embedded.errors import StartError

BASE_DIR = Path(__file__).resolve().parents[2]
# Refused before Django is loaded, which takes seconds. Of others the first question to the database shows it.
SITE_ONLY = frozenset({
    "import_acquisitions", "import_coco", "load_demo", "migrate", "showmigrations", "createsuperuser",
    "changepassword", "clearsessions", "dbshell", "dumpdata", "loaddata", "flush", "inspectdb",
})  # fmt: skip


def prepare(argv: list[str]) -> list[str]:
    """`argv` without a `--data DIR` before the command; the environment made ready for Django's settings."""
    program, *words = argv
    while words and (words[0] == "--data" or words[0].startswith("--data=")):
        option, is_joined, value = words.pop(0).partition("=")
        value = value if is_joined else words.pop(0) if words else ""
        if not value:
            raise StartError(f"{option} needs a folder: ./etem manage --data DIR COMMAND ...")
        os.environ["ETEM_DATA_DIR"] = os.fspath(Path(value).expanduser().resolve())
    folder = data_dir()
    # The site makes its key when it starts; a command needs one to load the settings, and leaves none behind.
    if not (os.environ.get("ETEM_SECRET_KEY") or (folder / "secret_key").exists()):
        os.environ["ETEM_SECRET_KEY"] = secrets.token_urlsafe(48)
    # A pool would ask for 20 s whether a server that is not there has come; one command needs no pool.
    os.environ.setdefault("ETEM_DB_POOL", "0")
    if words and words[0] in SITE_ONLY and not {"-h", "--help"} & set(words):
        ask_for_site()
    return [program, *words]


def data_dir() -> Path:
    return Path(os.environ.get("ETEM_DATA_DIR") or BASE_DIR / "data").resolve()


def ask_for_site():
    """Refuse, where the database is the data directory's own and does not run."""
    if os.environ.get("DATABASE_URL"):
        return
    folder = data_dir()
    try:
        is_running = postgres.is_running(folder)
    except PermissionError:
        raise StartError(f"{folder} belongs to another user: run this as who started the site.") from None
    if not is_running:
        raise StartError(
            f"No site runs on {folder}: start it with ./etem up --data {folder}, or name another --data."
        )
