import tempfile
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from etemweb.embedded import addresses
from etemweb.embedded.addresses import celery_url
from etemweb.env import redis_database


@pytest.mark.parametrize(
    ("url", "further", "expected"),
    [
        ("redis://:pass%2Fword@host:6379/0", 0, "redis://:pass%2Fword@host:6379/0"),
        ("redis://:pass%2Fword@host:6379/3", 2, "redis://:pass%2Fword@host:6379/5"),
        ("redis://host", 1, "redis://host/1"),
        ("rediss://host:1/?ssl_cert_reqs=none", 2, "rediss://host:1/2?ssl_cert_reqs=none"),
        ("redis://host?db=4", 1, "redis://host/5"),
        ("unix:///run/etem/valkey.sock", 2, "unix:///run/etem/valkey.sock?db=2"),
        ("unix:///run/etem/valkey.sock?db=3&protocol=3", 1, "unix:///run/etem/valkey.sock?protocol=3&db=4"),
    ],
)
def test_a_further_database_of_the_same_server(url, further, expected):
    assert redis_database(url, further) == expected


def test_a_database_without_a_number_is_refused():
    with pytest.raises(ImproperlyConfigured, match="by a number"):
        redis_database("redis://host/queue", 1)


def test_celery_spells_a_socket_otherwise():
    assert celery_url("unix:///run/v.sock?db=2") == "redis+socket:///run/v.sock?virtual_host=2"
    assert celery_url("redis://host/2") == "redis://host/2"


@pytest.mark.parametrize("name", ["with space", "it's", "a,b", "50%", "x?y"])
def test_sockets_lie_elsewhere_where_a_path_would_be_misread(name):
    plain = addresses.socket_dir(Path("/srv/etem"))
    assert plain == Path("/srv/etem/run")
    assert addresses.socket_dir(Path("/srv") / name).parent == Path(tempfile.gettempdir())
