"""Bring files and folders into a project from the server's own disk."""

import time
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from annotations.models import Acquisition, Project, User
from annotations.services.import_acquisition import import_acquisition

POLL_S = 0.5
SETTLED = {Acquisition.Status.READY, Acquisition.Status.REFUSED, Acquisition.Status.FAILED}


class Command(BaseCommand):
    help = (
        "Import files, or all files in folders, into a project. Each file is copied; a worker reads it. "
        "One line is printed a file; the exit status is 1 if any could not be taken or, with --wait, read."
    )

    def add_arguments(self, parser):
        parser.add_argument("paths", nargs="+", metavar="PATH", help="A file, or a folder with all below it.")
        parser.add_argument("--project", required=True, type=int, metavar="ID")
        parser.add_argument("--as", required=True, dest="username", metavar="USER", help="Who uploads them.")
        parser.add_argument("--wait", action="store_true", help="Until the worker has read every file.")

    def handle(self, *, paths, project, username, wait, **options):
        by, project = who_and_where(username, project)
        taken, n_failed = [], 0
        for path in _files(paths):
            try:
                found = import_acquisition(
                    by=by, project=project, path=path, name=path.name, keep_source=True
                )
            except (ValidationError, OSError) as error:
                n_failed += 1
                why = " ".join(error.messages) if isinstance(error, ValidationError) else error.strerror
                self.stderr.write(f"{path}: not taken: {why}")
                continue
            self.stdout.write(f"{path}: {found.message or 'queued'}")
            taken.append((path, found.acquisition.pk))
        if wait:
            n_failed += self._wait(taken)
        if n_failed:
            raise SystemExit(1)

    def _wait(self, taken):
        """Print what became of each file as it is read; how many were not."""
        n_failed = 0
        for path, pk in taken:
            while (row := Acquisition.objects.filter(pk=pk).first()) and row.status not in SETTLED:
                time.sleep(POLL_S)
            if row is None:
                self.stderr.write(f"{path}: deleted by someone")
            elif row.status == Acquisition.Status.READY:
                n_frames = row.frames.count()
                self.stdout.write(f"{path}: ready, {n_frames} image{'' if n_frames == 1 else 's'}")
                continue
            else:
                self.stderr.write(f"{path}: {row.get_status_display().lower()}: {row.message}")
            n_failed += 1
        return n_failed


def who_and_where(username, project_pk):
    try:
        by = User.objects.get(username=username, is_active=True)
    except User.DoesNotExist:
        raise CommandError(f"There is no user “{username}”; --as takes a log-in name.") from None
    project = Project.objects.editable_by(by).filter(pk=project_pk).first()
    if project is None:
        raise CommandError(f"“{username}” may not upload to a project {project_pk}; see --project and --as.")
    return by, project


def _files(paths):
    """Files as given, and those below folders in order, without hidden ones."""
    for path in map(Path, paths):
        if path.is_dir():
            yield from sorted(
                p for p in path.rglob("*") if p.is_file() and not _is_hidden(p.relative_to(path))
            )
        elif path.is_file():
            yield path
        else:
            raise CommandError(f"“{path}” is neither a file nor a folder.")


def _is_hidden(path):
    return any(part.startswith(".") for part in path.parts)
