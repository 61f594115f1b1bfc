"""`python -m etemweb.prepare`: bring the database up to date; at the very first start, add the demo."""

import os
import sys

import django
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from etemweb.metrics import forget_the_dead


def prepare(*, with_demo: bool):
    executor = MigrationExecutor(connection)
    if executor.migration_plan(
        executor.loader.graph.leaf_nodes()
    ):  # else nothing is to do: a fifth of the time
        call_command("migrate", interactive=False, verbosity=0)
    if with_demo:
        call_command("load_demo", only_if_new=True)
    forget_the_dead()
    connection.close()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "etemweb.settings")
    django.setup()
    prepare(with_demo="--demo" in sys.argv[1:])
