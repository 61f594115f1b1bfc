"""PostgreSQL and Valkey of a data directory: started, awaited, stopped."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from etemweb.embedded import addresses, postgres, valkey
from etemweb.embedded.account import servers_account
from etemweb.embedded.errors import StartError
from etemweb.embedded.programs import postgres_programs, valkey_program

__all__ = ["StartError", "start", "start_postgres", "start_valkey", "stop"]

BOTH = (postgres, valkey)
start_postgres, start_valkey = postgres.start, valkey.start


def start(data_dir: Path, *, durable: bool = True, wanted=BOTH):
    """Start those `wanted`, side by side; one that runs already is left alone."""
    # Found, and where need be copied, before there are threads: a process that another thread starts while a
    # program is being written would hold that file open, and the kernel would not run it.
    who = servers_account()
    if postgres in wanted:
        postgres_programs(data_dir / "postgres", who)
    if valkey in wanted:
        valkey_program(who)
    addresses.make_socket_dir(data_dir, who)  # both need it, and only one may make it
    with ThreadPoolExecutor() as pool:
        begun = [pool.submit(server.start, data_dir, durable=durable) for server in wanted]
    for start_of_one in begun:
        start_of_one.result()


def stop(data_dir: Path, *, quickly: bool = False):
    """Stop those that run; each is left crash-safe even if this never runs."""
    postgres.stop(data_dir, quickly=quickly)
    valkey.stop(data_dir)
