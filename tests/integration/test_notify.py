"""Telling open pages must never hold up, nor undo, what was just saved."""

import socket
import time

import pytest
import redis
from channels.layers import channel_layers

from annotations.services.notify import PATIENCE_S, push
from etemweb.embedded import addresses, valkey


@pytest.fixture
def silent_redis():
    """An address that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


@pytest.fixture
def use_redis(settings):
    def use_redis(url):
        layer = {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [url]}}
        settings.CHANNEL_LAYERS = {"default": layer}
        channel_layers.backends = {}

    yield use_redis
    channel_layers.backends = {}


# What redis-py has half opened when it is cut off is closed by the collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("is_there", [True, False])
def test_a_redis_that_does_not_answer_holds_nobody_up(
    project, use_redis, silent_redis, is_there, caplog, django_capture_on_commit_callbacks
):
    use_redis(silent_redis if is_there else "redis://127.0.0.1:1/0")
    start = time.monotonic()
    with django_capture_on_commit_callbacks(execute=True):
        push(project_id=project.pk, kind="run", payload={})
    assert time.monotonic() - start < PATIENCE_S + 2
    assert "Open pages were not told of run." in caplog.text


@pytest.fixture
def own_valkey(tmp_path):
    """The folder of a server of this test's own, which runs."""
    valkey.start(tmp_path, durable=False)
    yield tmp_path
    valkey.stop(tmp_path)


def test_a_redis_that_came_back_is_told_again(
    project, use_redis, own_valkey, django_capture_on_commit_callbacks, caplog
):
    """A connection is kept for the next message; after a restart that one must not be lost with it."""
    address = addresses.socket_dir(own_valkey) / addresses.VALKEY_SOCKET
    use_redis(f"unix://{address}")
    for _ in range(2):
        with (
            redis.Redis(unix_socket_path=str(address)) as server,
            server.pubsub(ignore_subscribe_messages=True) as heard,
        ):
            heard.psubscribe("*")
            heard.get_message(timeout=2)
            with django_capture_on_commit_callbacks(execute=True):
                push(project_id=project.pk, kind="run", payload={})
            assert any(heard.get_message(timeout=0.5) for _ in range(4))
        valkey.stop(own_valkey)
        valkey.start(own_valkey, durable=False)
    assert "were not told" not in caplog.text
