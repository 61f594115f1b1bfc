"""As whom the embedded servers run: as we do, or, as PostgreSQL refuses root, as `nobody` where we are root.

Such an account may be unable to enter our folders (a clone under /root, a private temporary directory).
Nothing is opened up for it: what it needs lies in HOME instead, and a link in the data directory says where.
"""

import os
import pwd
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from etemweb.embedded.errors import StartError

NAME = "nobody"
HOME = Path("/var/lib/etemweb")


@dataclass(frozen=True)
class Account:
    uid: int
    gid: int

    @property
    def name(self) -> str:
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:  # a container's user without an entry
            return str(self.uid)

    def run_as(self) -> dict:
        """Keyword arguments for subprocess; the folder is one that everybody may enter."""
        if self.uid == os.geteuid():
            return {"cwd": "/"}
        return {"cwd": "/", "user": self.uid, "group": self.gid, "extra_groups": []}

    def can_enter(self, folder: Path) -> bool:
        """Whether the permission bits let this account reach `folder` itself."""
        folder = folder.resolve()
        return self.uid == os.geteuid() or all(
            self._may_search(parent.stat()) for parent in [folder, *folder.parents]
        )

    def _may_search(self, stat: os.stat_result) -> bool:
        if stat.st_uid == self.uid:
            return bool(stat.st_mode & 0o100)
        return bool(stat.st_mode & (0o010 if stat.st_gid == self.gid else 0o001))

    def own(self, folder: Path):
        """Make `folder` if need be and let this account, and root, alone see into it."""
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        if folder.stat().st_uid != self.uid:
            for root, _, files in os.walk(folder):
                for path in [root, *(os.path.join(root, file) for file in files)]:
                    os.chown(path, self.uid, self.gid, follow_symlinks=False)


def servers_account() -> Account:
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        raise StartError(
            f"PostgreSQL does not run as root and this machine has no user “{NAME}”: "
            "run ./etem as an ordinary user, or set DATABASE_URL to a server."
        ) from None
    return Account(entry.pw_uid, entry.pw_gid)


def place(folder: Path, account: Account) -> Path:
    """`folder` as the account reaches it: itself, or what it links to in HOME if it lies out of reach."""
    if folder.is_symlink() or account.can_enter(folder.parent):
        return folder.resolve()
    if folder.exists():
        raise StartError(
            f"PostgreSQL runs as “{NAME}”, who can no longer enter {folder.parent}: "
            f"run chmod o+x on that folder and those above it, or move it elsewhere and name it with --data."
        )
    target = home() / secrets.token_hex(8)
    target.mkdir(mode=0o711)
    folder.symlink_to(target / folder.name)
    return folder.resolve()


def reachable_copy(package: Path, version: str, account: Account) -> Path:
    """An installed package's folder, or, where the account cannot reach it, a copy of it in HOME.

    A wheel's shared libraries lie beside it in `<package>.libs` and are found by that place: both are copied.
    """
    if account.can_enter(package):
        return package
    target = home() / f"{package.name}-{version}"
    if not target.is_dir():
        unfinished = Path(tempfile.mkdtemp(dir=target.parent))
        for part in (package, package.with_name(package.name + ".libs")):
            if part.is_dir():
                shutil.copytree(part, unfinished / part.name, symlinks=True)
        unfinished.chmod(0o755)
        try:
            unfinished.rename(target)
        except OSError:  # another process was quicker
            shutil.rmtree(unfinished)
            if not target.is_dir():
                raise
    return target / package.name


def home() -> Path:
    try:
        HOME.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(
            f"PostgreSQL runs as “{NAME}”, who can enter neither this folder nor {HOME} ({error.strerror}): "
            "put the clone and its data where others may enter, such as /srv or /opt."
        ) from None
    if HOME.stat().st_uid != 0 or HOME.stat().st_mode & 0o022:
        raise StartError(
            f"{HOME} must belong to root and be writable by root alone: remove it and try again."
        )
    return HOME
