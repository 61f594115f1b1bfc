"""Annotations from a COCO file on the server's own disk: without the browser, and at once."""

from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from annotations.management.commands.import_acquisitions import who_and_where
from annotations.services.import_particles import import_coco
from annotations.services.import_report import COUNTS


class Command(BaseCommand):
    help = "Add the annotations of a COCO JSON file to a project; the same file again adds nothing."

    def add_arguments(self, parser):
        parser.add_argument("path", type=Path, metavar="FILE")
        parser.add_argument("--project", required=True, type=int, metavar="ID")
        parser.add_argument("--as", required=True, dest="username", metavar="USER", help="Who imports them.")
        parser.add_argument("--check", action="store_true", help="Only say what would happen.")

    def handle(self, *, path, project, username, check, **options):
        by, project = who_and_where(username, project)
        try:
            report = import_coco(project=project, by=by, raw=path.read_bytes(), is_trial=check)
        except OSError as error:
            raise CommandError(f"“{path}” cannot be read: {error.strerror}.") from error
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        counts = {name: report.counts[name] for name in COUNTS if report.counts[name]}
        told = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in counts.items())
        self.stdout.write(f"{path}: {'would be' if check else 'done'}: {told or 'no annotation'}")
