"""`manage.py` where no site runs: what needs one says so in a sentence, the rest works, nothing is left."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {"DATABASE_URL", "REDIS_URL", "ETEM_DATA_DIR", "ETEM_SECRET_KEY", "DJANGO_SETTINGS_MODULE"}
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in OURS}


def manage(*arguments, **more):
    command = [sys.executable, ROOT / "manage.py", *map(str, arguments)]
    environment = ENVIRONMENT | more
    return subprocess.run(
        command, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL, timeout=100
    )


def expected(folder):
    return f"No site runs on {folder}: start it with ./etem up --data {folder}, or name another --data.\n"


@pytest.mark.parametrize(
    "command",
    [
        ["import_acquisitions", ".", "--project", "1", "--as", "mia"],
        ["import_coco", "a.json", "--project", "1", "--as", "mia"],
        # not known beforehand to need a site
        ["shell", "--no-imports", "-c", "from annotations.models import User; User.objects.count()"],
    ],
)
def test_a_command_for_a_site_says_that_none_runs(command, tmp_path):
    refused = manage("--data", tmp_path / "none", *command)
    assert refused.returncode == 1
    assert refused.stderr == expected(tmp_path / "none")
    assert refused.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_the_environment_names_the_directory_where_no_option_does(tmp_path):
    refused = manage("migrate", ETEM_DATA_DIR=str(tmp_path))
    assert refused.stderr == expected(tmp_path)


def test_a_command_that_needs_no_site_runs_and_leaves_no_key_behind(tmp_path):
    done = manage("--data", tmp_path / "none", "simulate", "--count", 1, "--tier", "T1", "--seed", 1,
                  "--out", tmp_path / "made")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


def test_help_needs_no_site(tmp_path):
    assert "--project ID" in manage("--data", tmp_path, "import_acquisitions", "--help").stdout


def test_data_needs_a_folder():
    refused = manage("--data")
    assert refused.returncode == 1
    assert refused.stderr == "--data needs a folder: ./etem manage --data DIR COMMAND ...\n"
