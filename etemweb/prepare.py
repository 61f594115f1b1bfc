"""`python -m etemweb.prepare`: bring the database up to date; on the very first start, make the demo project."""

import os
import sys

import django
from django.core.management import call_command


def main(with_demo: bool):
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "etemweb.settings")
    django.setup()
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=0)
    if with_demo:
        call_command("load_demo", only_if_new=True)


if __name__ == "__main__":
    main(with_demo="--demo" in sys.argv[1:])
