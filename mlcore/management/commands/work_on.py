"""Work on a run that waits, in this process: what a worker starts for a training."""

import sys

from django.core.management.base import BaseCommand

from mlcore.services.execute import execute_run
from mlcore.services.fresh import NOT_TAKEN


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("run", type=int, help="Key of the run.")

    def handle(self, *args, run, **options):
        if not execute_run(run_pk=run):
            sys.exit(NOT_TAKEN)
