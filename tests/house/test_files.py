"""What can be seen in the files alone: length, printing, private paths, the papers of an open project."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINES_MAX = 400
APPS = {"annotations", "mlcore", "analysis"}
PRIVATE_PATH = re.compile(r"(?<![\w.])/(?:work|root|home/\w+|Users/\w+)/\w")
TEXT = {".py", ".js", ".mjs", ".css", ".html", ".md", ".toml", ".txt", ".yaml", ".yml", ".sh", ""}


def kept_files():
    """Files under version control, and new ones not ignored; without git (a release's archive): all."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=ROOT, capture_output=True, check=True, text=True,
        ).stdout.split("\0")  # fmt: skip
        return [ROOT / name for name in listed if name and (ROOT / name).is_file()]
    except (OSError, subprocess.CalledProcessError):
        skip = {".venv", ".git", "data", "__pycache__"}
        return [path for path in ROOT.rglob("*") if path.is_file() and not skip & set(path.parts)]


FILES = kept_files()
READ = {".py", ".html", ".css", ".js", ".mjs", ".sh"}  # and scripts without a suffix
NOT_OURS = {"migrations", "vendor"}  # written by a program, or by others
WRITTEN = [
    path
    for path in FILES
    if not NOT_OURS & set(path.parts)
    and (path.suffix in READ or path.suffix == "")
    and path.stat().st_size < 2**20
]
PYTHON = [path for path in FILES if path.suffix == ".py" and "migrations" not in path.parts]
APP_CODE = [
    path for path in PYTHON if path.relative_to(ROOT).parts[0] in {"annotations", "mlcore", "analysis"}
]


def name(path):
    return str(path.relative_to(ROOT))


def too_long(path):
    """What to say of a file that nobody reads in one sitting, else nothing."""
    if path.suffix not in READ and not path.read_bytes().startswith(b"#!"):
        return ""
    lines = len(path.read_text().splitlines())
    return f"{name(path)} has {lines} lines, {LINES_MAX} at most: split it." if lines > LINES_MAX else ""


@pytest.mark.parametrize("path", WRITTEN, ids=name)
def test_a_file_is_short(path):
    assert not too_long(path), too_long(path)


@pytest.mark.parametrize("file", ["a.py", "a.html", "a.css", "a.mjs", "a.js", "a.sh", "without-a-suffix"])
def test_a_long_file_is_found(tmp_path, monkeypatch, file):
    monkeypatch.setattr("tests.house.test_files.ROOT", tmp_path)
    path = tmp_path / file
    path.write_text("#!/bin/sh\n" + "true\n" * LINES_MAX)
    assert f"{LINES_MAX + 1} lines" in too_long(path)
    path.write_text("#!/bin/sh\n" + "true\n" * (LINES_MAX - 1))
    assert not too_long(path)


@pytest.mark.parametrize("path", APP_CODE, ids=name)
def test_app_code_does_not_print(path):
    calls = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"
    ]
    assert not calls, f"{name(path)}:{calls}: use logging; in a command self.stdout.write."


def test_no_file_names_somebodys_machine():
    found = [
        f"{name(path)}:{number}"
        for path in FILES
        if path.is_file() and path.suffix in TEXT and path != Path(__file__) and path.stat().st_size < 2**20
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if PRIVATE_PATH.search(line)
    ]
    assert not found, f"{found}: use a path relative to the clone, or the data directory."


@pytest.mark.parametrize("paper", ["LICENSE", "CHANGELOG.md", "README.md", "CONTRIBUTING.md"])
def test_the_project_has_its_papers(paper):
    assert (ROOT / paper).is_file(), f"{paper} is missing: an open project needs it."


def test_the_one_command_stays_short():
    assert len((ROOT / "etem").read_text().splitlines()) < 150, "etem: move what is long into Python."
    assert (ROOT / "etem").stat().st_mode & 0o111, "etem is not executable: chmod +x etem."
