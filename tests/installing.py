"""What tests need and pip does not bring: taken where it is installed, else installed, and said so."""

import os
import shutil
import subprocess
import sys

CAN_APT = os.geteuid() == 0 and shutil.which("apt-get") is not None


class StageError(Exception):
    """A stage failed, or what it needs could not be installed; one sentence with the remedy."""


class SkippedStageError(Exception):
    """A stage that cannot run on this machine; never raised under CI."""


def apt_install(*packages: str) -> bool:
    """Whether Debian's packages are installed now."""
    if not CAN_APT:
        return False
    print(f"Installing {', '.join(packages)} with apt-get ...", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        done = subprocess.run(
            ["apt-get", "--quiet", "--quiet", *command], env=environment, capture_output=True, text=True
        )
        if done.returncode and command != ["update"]:  # an old list may still do
            print(*done.stderr.strip().splitlines()[-1:], file=sys.stderr)
            return False
    return True


def ensure_node():
    if not shutil.which("node") and not apt_install("nodejs"):
        raise StageError("The JavaScript tests need Node.js 18 or newer: apt-get install nodejs.")


def ensure_browser():
    if apt_install("chromium"):
        return
    print("Installing Chromium with Playwright ...", flush=True)
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:  # its own words are pages of JavaScript's, but for the first error
        errors = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
        why = errors[0].removeprefix("Error: ") if errors else f"exit status {done.returncode}"
        raise StageError(
            f"No Chromium was found, nor could Playwright download one ({why}): connect to the network, "
            "install chromium or google-chrome, or name one as ETEM_CHROMIUM=/path/to/it."
        )
