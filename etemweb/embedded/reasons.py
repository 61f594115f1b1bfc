"""Why a server did not start, from what it wrote, and what to do: one sentence."""

import os
import re
from pathlib import Path

TELLING = re.compile(r"(?:FATAL|PANIC|initdb: error|error while loading|[Ff]atal error|^.* # ).*")
REMEDIES = [
    ("No space left|[Dd]isk quota", "make room on the disk of {folder}"),
    (
        "ermission denied|invalid permissions|wrong ownership|ead-only",
        "let the user “{user}” write to {folder}",
    ),
    ("annot allocate memory|ould not map|hared memory|semaphore", "free some memory, or stop other servers"),
    ("oo many open files", "raise the limit of open files (ulimit -n)"),
    ("onfiguration file", "correct that file"),
    (
        "valid checkpoint|invalid page|invalid magic|not a database cluster|control file|"
        "Bad file format|checksum|does not exist|missing|No such file",
        "its files are damaged, so put a backup of {folder} in place (docs/operations.md)",
    ),
]
ELSE = "read the whole of {log}"


def end_of(log: Path) -> int:
    """Where a log ends now: what is said of this start comes after it."""
    return log.stat().st_size if log.exists() else 0


def why(said: str, *, folder: Path, log: Path, user: str) -> str:
    """The telling line of `said`, and its remedy.

    Parameters
    ----------
    said : str
        What a server, or the program that makes its files, wrote at this start.
    folder, log : Path
        Where its files are, and its log.
    user : str
        As whom it runs.
    """
    lines = [line.strip() for line in said.strip().splitlines() if line.strip()]
    telling = [found[0] for line in lines if (found := TELLING.search(line))]
    reason = (telling or lines or ["it said nothing"])[-1]
    reason = re.sub(r"^(?:FATAL|PANIC|initdb: error):\s*|^.* # |^but ", "", reason).rstrip(".")
    remedy = next((words for pattern, words in REMEDIES if re.search(pattern, said)), ELSE)
    return f"{reason[:300]}; {remedy.format(folder=folder, log=log, user=user)}, then start again."


def said_since(log: Path, place: int) -> str:
    try:
        with log.open("rb") as file:
            file.seek(place, os.SEEK_SET)
            return file.read().decode(errors="replace")
    except OSError:
        return ""
