"""PostgreSQL and Valkey of a data directory: started, awaited, stopped."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from etemweb.embedded import postgres, valkey
from etemweb.embedded.errors import StartError

__all__ = ["StartError", "start", "start_postgres", "start_valkey", "stop"]

start_postgres, start_valkey = postgres.start, valkey.start


def start(data_dir: Path, *, durable: bool = True):
    """Start both, side by side; those that run already are left alone."""
    with ThreadPoolExecutor() as pool:
        for begun in [
            pool.submit(begin, data_dir, durable=durable) for begin in (postgres.start, valkey.start)
        ]:
            begun.result()


def stop(data_dir: Path, *, quickly: bool = False):
    """Stop those that run; each is left crash-safe even if this never runs."""
    postgres.stop(data_dir, quickly=quickly)
    valkey.stop(data_dir)
