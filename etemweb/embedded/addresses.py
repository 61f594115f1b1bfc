"""Where the embedded servers of a data directory listen; what settings fall back to."""

import hashlib
import importlib.util
import os
import secrets
import tempfile
from pathlib import Path

from etemweb.embedded.account import Account, place
from etemweb.embedded.errors import StartError

VALKEY_SOCKET = "valkey.sock"
SOCKET_PATH_LIMIT = 100  # bytes; the kernel's limit for a unix socket is 107


def socket_dir(data_dir: Path) -> Path:
    """A folder for the two sockets: in the data directory, or, where that path will not do, a short one."""
    inside = data_dir / "run"
    # PostgreSQL takes a list of folders, with commas and quotes of its own; the addresses are URLs.
    is_plain = not set(os.fspath(inside)) & set(",'\"\\?#&%+@$` ")
    if is_plain and len(os.fsencode(inside / ".s.PGSQL.5432")) <= SOCKET_PATH_LIMIT:
        return inside
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"etem-{os.getuid()}-{name}"


def make_socket_dir(data_dir: Path, account: Account) -> Path:
    """The same folder, made, and closed to everybody but `account` (and root)."""
    folder = socket_dir(data_dir)
    if folder.parent == data_dir:
        folder = place(folder, account)
    else:
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.is_symlink() or folder.stat().st_uid not in {os.geteuid(), account.uid}:
            raise StartError(f"{folder} belongs to somebody else: remove it, or use a shorter --data path.")
    account.own(folder)
    return folder


def metrics_dir(data_dir: Path) -> Path:
    """Where this machine's processes count; in memory where there is such a place, as they write often."""
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    shared = Path("/dev/shm")
    base = shared if os.access(shared, os.W_OK) else Path(tempfile.gettempdir())
    return base / f"etem-metrics-{os.getuid()}-{name}"


def database_url(data_dir: Path) -> str:
    return f"postgresql://etem@/etem?host={socket_dir(data_dir)}"


def redis_url(data_dir: Path) -> str:
    return f"unix://{socket_dir(data_dir) / VALKEY_SOCKET}"


def celery_url(redis_url: str) -> str:
    """Celery's spelling of the same address."""
    if not redis_url.startswith("unix://"):
        return redis_url
    return redis_url.replace("unix://", "redis+socket://", 1).replace("db=", "virtual_host=", 1)


def secret_key(data_dir: Path) -> str:
    """The data directory's own secret, made on first use and readable by its owner alone."""
    path = data_dir / "secret_key"
    try:
        return path.read_text()
    except FileNotFoundError:
        data_dir.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text()
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(48))
        return path.read_text()


def plotly_static_dir() -> str:
    """plotly.min.js as shipped in the installed wheel, so that Python and JavaScript have one version."""
    # find_spec, not import: Plotly takes half a second and most commands never draw.
    return str(Path(importlib.util.find_spec("plotly").origin).parent / "package_data")
