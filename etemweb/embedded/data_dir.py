"""The data directory at the start: fit for use, ours alone, and used by one site at a time."""

import fcntl
import os
import shutil
from pathlib import Path

from etemweb.embedded.errors import StartError

FREE_MIN_BYTES = 300_000_000
OURS = ("secret_key", "up.lock")  # either marks a folder as a data directory


def prepare(folder: Path) -> Path:
    """Make `folder` if need be; refuse one that cannot be used or is used for something else."""
    if folder.exists() and not folder.is_dir():
        raise StartError(f"{folder} is a file: name a folder with --data.")
    try:
        if not folder.exists():
            folder.mkdir(parents=True)
            # Others may pass through (as root, PostgreSQL is another user) but not look around.
            folder.chmod(0o711)
        elif any(folder.iterdir()) and not any((folder / name).exists() for name in OURS):
            raise StartError(f"{folder} holds other files: name a new or empty folder with --data DIR.")
        for name in ("storage", "log"):
            (folder / name).mkdir(mode=0o700, exist_ok=True)
            if not os.access(folder / name, os.W_OK | os.X_OK):
                raise StartError(
                    f"{folder / name} is not writable by you: make it so, or name another with --data DIR."
                )
    except PermissionError:
        raise StartError(f"{folder} is not writable by you: name another folder with --data DIR.") from None
    except OSError as error:
        raise StartError(
            f"{folder} cannot be used ({error.strerror}): name another with --data DIR."
        ) from None
    free = shutil.disk_usage(folder).free
    if free < FREE_MIN_BYTES:
        raise StartError(
            f"The disk of {folder} has {free // 10**6} MB left and at least {FREE_MIN_BYTES // 10**6} MB are "
            "needed: make room, or name a folder on another disk with --data DIR."
        )
    return folder


class Lock:
    """Held while a site runs on the folder; the kernel lets go of it however the holder dies."""

    def __init__(self, folder: Path):
        try:
            self.file = os.open(folder / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StartError(
                f"{folder} is not writable by you ({error.strerror}): name another folder with --data DIR."
            ) from None
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            there = os.pread(self.file, 200, 0).decode(errors="replace").strip()
            raise StartError(
                f"A site is running on {folder} already{f' ({there})' if there else ''}: "
                "use it, stop it with Ctrl-C, or name another folder with --data DIR."
            ) from None

    def say(self, text: str):
        """What a second start on the same folder is told."""
        os.ftruncate(self.file, 0)
        os.pwrite(self.file, text.encode(), 0)
