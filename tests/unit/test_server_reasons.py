"""What is said of a server that did not start: the telling line of its log, and a remedy."""

from pathlib import Path

import pytest

from etemweb.embedded import reasons

STAMP = "2026-11-23 08:51:54.152 UTC [23019] "


def why(said):
    return reasons.why(said, folder=Path("/data/postgres"), log=Path("/data/postgres/server.log"), user="mia")


@pytest.mark.parametrize(
    ("said", "reason", "remedy"),
    [
        (
            f"{STAMP}LOG:  invalid checkpoint record\n"
            f"{STAMP}PANIC:  could not locate a valid checkpoint record at 0/1AF1ED8\n"
            f"{STAMP}LOG:  database system is shut down\n",
            "could not locate a valid checkpoint record at 0/1AF1ED8; ",
            "a backup of /data/postgres",
        ),
        (
            f"{STAMP}FATAL:  could not write lock file: No space left on device",
            "could not write",
            "make room",
        ),
        (f"{STAMP}FATAL:  could not map anonymous shared memory: Cannot allocate memory", "could", "memory"),
        (
            f'{STAMP}FATAL:  data directory "/data/postgres" has wrong ownership',
            "data dir",
            "let the user “mia”",
        ),
        (f'{STAMP}FATAL:  configuration file "x.conf" contains errors', "configuration", "correct that file"),
        (
            "initdb: error: could not create directory: Permission denied\ninitdb: removing",
            "could not",
            "mia",
        ),
        (
            "1:M 23 Nov 2026 09:00:00.1 # Fatal error, can't open the append-only file",
            "Fatal error",
            "server.log",
        ),
        ("sorry", "sorry; ", "/data/postgres/server.log"),
        ("", "it said nothing; ", "/data/postgres/server.log"),
    ],
)
def test_the_reason_and_the_remedy(said, reason, remedy):
    sentence = why(said)
    assert sentence.startswith(reason)
    assert remedy in sentence
    assert sentence.endswith(", then start again.")
    assert len(sentence.splitlines()) == 1


def test_only_what_is_said_of_this_start_counts(tmp_path):
    log = tmp_path / "server.log"
    assert reasons.end_of(log) == 0
    log.write_text("FATAL:  of last year\n")
    place = reasons.end_of(log)
    with log.open("a") as file:
        file.write("FATAL:  of now\n")
    assert reasons.said_since(log, place) == "FATAL:  of now\n"
    assert reasons.said_since(tmp_path / "none", 0) == ""
