"""`./etem bench [names]`: run tests/benchmark/bench_*.py and print one table; fail if a limit is missed."""

import importlib
import sys
import time
from pathlib import Path

from tests.benchmark.report import failed, table

FOLDER = Path(__file__).parent


def names() -> list[str]:
    return sorted(path.stem.removeprefix("bench_") for path in FOLDER.glob("bench_*.py"))


def prepare_database():
    """Throw-away servers and an empty, migrated database, as the tests have them."""
    import os

    import tests.servers  # noqa: F401  (starts them)

    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    from django.test.utils import setup_databases

    setup_databases(verbosity=0, interactive=False)


def main(wanted: list[str]) -> int:
    unknown = set(wanted) - set(names())
    if unknown:
        print(f"No benchmark named {', '.join(sorted(unknown))}; there are: {', '.join(names())}.")
        return 2
    rows, has_database = [], False
    for name in wanted or names():
        print(f"{name} ...", flush=True)
        begun = time.perf_counter()
        try:
            module = importlib.import_module(f"tests.benchmark.bench_{name}")
            if getattr(module, "NEEDS_DATABASE", False) and not has_database:
                prepare_database()
                has_database = True
            rows += module.run()
        except Exception as error:
            rows.append(failed(name, error))
        print(f"{name} took {time.perf_counter() - begun:.0f} s", flush=True)
    print(table(rows))
    return int(not all(row.is_ok for row in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
