"""Which browser the tests drive: one that is installed, else the one that Playwright installs."""

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def installed_chromium() -> str | None:
    return os.environ.get("ETEM_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
