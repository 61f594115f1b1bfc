"""The containers run the one command and nothing else; the one command refuses in one sentence."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from etemweb.embedded.worker import arguments

ROOT = Path(__file__).parents[2]
ETEM = (ROOT / "etem").read_text()
KNOWN = {
    word
    for line in re.findall(r"^([a-z-][\w |-]*)\)", ETEM, re.MULTILINE)
    for word in re.split(r"\s*\|\s*", line.strip())
}


@pytest.mark.parametrize("script", ["etem", "docker/entrypoint.sh", ".ci/run"])
def test_a_script_is_sound_and_executable(script):
    subprocess.run(["sh", "-n", ROOT / script], check=True)
    assert os.access(ROOT / script, os.X_OK)


def test_containers_run_commands_that_exist():
    services = yaml.safe_load((ROOT / "docker/compose.yaml").read_text())["services"]
    for name in ("web", "worker"):
        dockerfile = (ROOT / "docker" / f"{name}.Dockerfile").read_text()
        default = yaml.safe_load(re.search(r"^CMD (.*)$", dockerfile, re.MULTILINE)[1])
        assert services[name]["command"] == default
        assert default[0] in KNOWN
        assert re.search(r"^RUN \./etem setup (web|runtime)$", dockerfile, re.MULTILINE)
        for source in re.findall(r"^COPY .* ((?:\S+ )+)\./$", dockerfile, re.MULTILINE):
            assert all((ROOT / file).exists() for file in source.split())


def test_the_entrypoint_passes_its_arguments_to_the_one_command():
    said = subprocess.run([ROOT / "docker/entrypoint.sh", "help"], capture_output=True, text=True, check=True)
    assert said.stdout.startswith("./etem up")


def test_help_names_every_command():
    said = subprocess.run([ROOT / "etem"], capture_output=True, text=True, check=True).stdout
    assert {word for word in KNOWN if word.isalpha()} - {"help", "runtime"} <= set(re.findall(r"\w+", said))


def test_an_unknown_command_is_refused_with_the_list():
    refused = subprocess.run([ROOT / "etem", "fly"], capture_output=True, text=True)
    assert refused.returncode == 2
    assert "./etem up" in refused.stderr


@pytest.fixture
def bare(tmp_path):
    """A clone's few files that the installer needs, without .venv."""
    for name in ("etem", "requirements.txt", "requirements-dev.txt"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / "etem").chmod(0o755)
    return tmp_path


def stand_in(folder, name, script):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_an_old_python_is_one_sentence(bare):
    old = stand_in(bare, "old-python", "exit 1")
    refused = subprocess.run(
        [bare / "etem", "setup"], capture_output=True, text=True, env={**os.environ, "ETEM_PYTHON": str(old)}
    )
    assert refused.returncode == 1
    assert "needs Python 3.11" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


def test_a_python_without_venv_is_told_how_to_get_it(bare):
    crippled = stand_in(
        bare, "crippled", 'case "$*" in *venv*) echo "ensurepip is not available" >&2; exit 1;; esac; exit 0'
    )
    refused = subprocess.run(
        [bare / "etem", "setup"], capture_output=True, text=True,
        env={**os.environ, "ETEM_PYTHON": str(crippled)},
    )  # fmt: skip
    assert refused.returncode == 1
    assert "apt-get install python3-venv" in refused.stderr.splitlines()[-1]


def test_a_full_disk_is_said_before_anything_is_installed(bare):
    stand_in(bare, "df", "echo head; echo x 1 1 5000 1% /")
    refused = subprocess.run(
        [bare / "etem", "setup"], capture_output=True, text=True,
        env={**os.environ, "PATH": f"{bare}:{os.environ['PATH']}"},
    )  # fmt: skip
    assert refused.returncode == 1
    assert "make room" in refused.stderr
    assert not (bare / ".venv").exists()


def test_the_gpu_container_runs_a_worker_of_the_gpu_queue_and_no_second_clock():
    services = yaml.safe_load((ROOT / "docker/compose.yaml").read_text())["services"]
    first, *words = services["gpu"]["command"]
    assert first == "worker"
    told = arguments([*words, "--concurrency", "1"])
    assert told[told.index("-Q") + 1].split(",") == ["now", "gpu"]
    assert "--beat" not in told
    clocks = [name for name, service in services.items() if "--beat" in service.get("command", [])]
    assert clocks == ["worker"]


def test_the_containers_broker_keeps_what_the_embedded_one_keeps():
    """The same words as etemweb/embedded/valkey.py has: the queue survives, and nothing is thrown away."""
    services = yaml.safe_load((ROOT / "docker/compose.yaml").read_text())["services"]
    words = services["valkey"]["command"]
    ours = (ROOT / "etemweb/embedded/valkey.py").read_text()
    for option, value in (("--appendonly", "yes"), ("--maxmemory-policy", "noeviction"), ("--save", "")):
        assert words[words.index(option) + 1] == value
        assert option in ours


def test_every_setting_of_the_containers_is_one_that_there_is():
    services = yaml.safe_load((ROOT / "docker/compose.yaml").read_text())["services"]
    documented = (ROOT / "docs/operations.md").read_text()
    for name in services["web"]["environment"]:
        assert f"`{name}`" in documented
