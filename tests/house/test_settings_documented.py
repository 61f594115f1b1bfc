"""Whoever runs the site finds every setting in docs/operations.md."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAME = re.compile(r"[\"'](ETEM_[A-Z_]+|DATABASE_URL|REDIS_URL)[\"']|\$\{?(ETEM_[A-Z_]+)")


def settings_read():
    code = [ROOT / "etem", *(ROOT / "etemweb").rglob("*.py"), *(ROOT / "docker").glob("*")]
    for app in ("annotations", "mlcore", "analysis"):
        code += (ROOT / app).rglob("*.py")
    return {a or b for path in code for a, b in NAME.findall(path.read_text(errors="replace"))}


def test_every_setting_is_documented():
    documented = (ROOT / "docs/operations.md").read_text()
    missing = sorted(name for name in settings_read() if f"`{name}`" not in documented)
    assert not missing, f"{missing}: say in docs/operations.md what it does, its default and its values."


def test_every_documented_setting_exists():
    written = (ROOT / "docs/operations.md").read_text()
    documented = set(re.findall(r"`(ETEM_[A-Z_]+|DATABASE_URL|REDIS_URL)`", written))
    gone = sorted(documented - settings_read() - {"ETEM_CHROMIUM"})  # that one is the tests'
    assert not gone, f"{gone}: docs/operations.md speaks of a setting that nothing reads."
