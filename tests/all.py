"""`./etem test`: every stage, cheapest first; a failed one does not hide what the later ones find.

`python -m tests.all STAGE [PYTEST ARGUMENTS]` runs one stage.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.browser.chromium import installed_chromium
from tests.installing import SkippedStageError, StageError, ensure_browser, ensure_node
from tests.tcp_servers import tcp_servers

ROOT = Path(__file__).parents[1]
PYTEST = [sys.executable, "-m", "pytest"]
QUICK = ["-p", "no:playwright"]  # importing the browser's driver takes longer than most of these tests
PROCESSES = ["-n", "2", "--dist", "loadfile"]  # a file's shared fixtures are made once


def run(command, **environment):
    print("$", *command, flush=True)
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment})
    if done.returncode:
        raise StageError(f"{command[0]} ended with exit status {done.returncode}.")


def lint(extra):
    ruff = Path(sys.executable).parent / "ruff"
    run([ruff, "check", *(extra or ["."])])
    run([ruff, "format", "--check", *(extra or ["."])])


def house(extra):
    run([*PYTEST, "tests/house", *QUICK, *extra])


def js(extra):
    ensure_node()
    files = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests/js").rglob("*.test.*js"))
    if not files:
        raise StageError("tests/js holds no test.")
    run(["node", "--test", *(extra or files)])


def unit(extra):
    run([*PYTEST, "tests/unit", *QUICK, *PROCESSES, *extra])


def integration(extra):
    run([*PYTEST, "tests/integration", *QUICK, *PROCESSES, *extra])


def browser(extra):
    if not installed_chromium():
        ensure_browser()
    run([*PYTEST, "tests/browser", *PROCESSES, *extra])


def tcp(extra):
    with tcp_servers() as addresses:
        run([*PYTEST, "tests/integration", *QUICK, "-m", "not launcher", *extra], **addresses)


STAGES = {stage.__name__: stage for stage in (lint, house, js, unit, integration, browser, tcp)}


def main(wanted, extra) -> int:
    failed, skipped, lines = 0, 0, []
    for name in wanted:
        print(f"\n===== {name} =====", flush=True)
        begun = time.monotonic()
        try:
            STAGES[name](extra)
            outcome = "passed"
        except SkippedStageError as reason:
            outcome, skipped = f"SKIPPED: {reason}", skipped + 1
        except StageError as reason:
            outcome, failed = f"FAILED: {reason}", failed + 1
        print(outcome, flush=True)
        lines.append(f"{name:12} {time.monotonic() - begun:5.0f} s  {outcome}")
    print("\n" + "\n".join(lines))
    print(f"stages: {len(wanted) - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return int(failed > 0)


if __name__ == "__main__":
    chosen = sys.argv[1:2]
    unknown = set(chosen) - set(STAGES)
    if unknown:
        sys.exit(f"No stage {unknown.pop()}; there are: {', '.join(STAGES)}.")
    try:
        sys.exit(main(chosen or list(STAGES), sys.argv[2:]))
    except KeyboardInterrupt:
        sys.exit("\nStopped; ./etem test begins anew.")
