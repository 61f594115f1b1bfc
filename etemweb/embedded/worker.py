"""`./etem worker [--queues NAMES] [CELERY ARGUMENTS]`: a worker that knows what its queues need."""

import argparse
import os
import sys

from etemweb import gpus

EVERYTHING = "now,io,cpu"
RUNS = {"cpu", "gpu"}


def arguments(argv, pid=None):
    """What Celery is to be told."""
    parser = argparse.ArgumentParser(prog="./etem worker", add_help=False)
    parser.add_argument("-Q", "--queues", default=EVERYTHING)
    parser.add_argument("-c", "--concurrency")
    parser.add_argument("-n", "--hostname")
    chosen, rest = parser.parse_known_args(argv)
    queues = [name for name in chosen.queues.split(",") if name]
    if RUNS & {*queues} and "now" not in queues:
        queues.insert(0, "now")  # who waits in front of the screen is served by all that can
    told = ["-Q", ",".join(queues), "-n", chosen.hostname or f"{'-'.join(queues)}-{pid or os.getpid()}@%h"]
    concurrency = chosen.concurrency
    if "gpu" in queues and concurrency is None:
        gpus.share(gpus.visible())
        concurrency = str(max(1, len(gpus.shared)))
    if concurrency is not None:
        told += ["--concurrency", concurrency]
    return [*told, *rest]


def main():
    from celery.__main__ import main as celery

    sys.argv = ["celery", "-A", "etemweb", "worker", *arguments(sys.argv[1:])]
    celery()


if __name__ == "__main__":
    main()
