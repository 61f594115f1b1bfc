#!/usr/bin/env python
"""Django's command-line utility for administrative tasks, on the data directory that --data names."""

import os
import signal
import sys

from etemweb.embedded import managed


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "etemweb.settings")
    try:
        argv = managed.prepare(sys.argv)
        run(argv)
        sys.stdout.flush()
    except managed.StartError as error:
        sys.exit(str(error))
    except BrokenPipeError:  # `| head` has seen enough: end as other programs do
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what Python flushes at its end
        sys.exit(128 + signal.SIGPIPE)


def run(argv):
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    try:
        execute_from_command_line(argv)
    except OperationalError:
        managed.ask_for_site()
        raise


if __name__ == "__main__":
    main()
