import json
import sys
from dataclasses import asdict

from django.core.management.base import BaseCommand

from etemweb.doctor import FAILED, OK, WARNING, examine

MARKS = {OK: "ok     ", WARNING: "warning", FAILED: "FAILED "}


class Command(BaseCommand):
    help = (
        "Look at everything that the site stands on (database, broker, storage, workers, GPU, settings) "
        "and say what to do. Exit status 1 if anything failed; warnings alone are 0."
    )
    requires_system_checks = []  # a broken site must still be looked at

    def add_arguments(self, parser):
        parser.add_argument("--json", action="store_true", help="one object a finding, for programs")

    def handle(self, **options):
        found = []
        for one in examine():
            found.append(one)
            if not options["json"]:
                style = {OK: self.style.SUCCESS, WARNING: self.style.WARNING, FAILED: self.style.ERROR}
                line = f"{style[one.state](MARKS[one.state])}  {one.part}: {one.says}"
                self.stdout.write(line + (f" -> {one.remedy}" if one.remedy else ""))
        n_failed = sum(one.state == FAILED for one in found)
        if options["json"]:
            self.stdout.write(json.dumps([asdict(one) for one in found], indent=1, ensure_ascii=False))
        else:
            n_warnings = sum(one.state == WARNING for one in found)
            self.stdout.write(f"{len(found)} looked at: {n_failed} failed, {n_warnings} warnings.")
        if n_failed:
            sys.exit(1)
