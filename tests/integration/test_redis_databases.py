"""Queue, messages and cache share a server but no database."""

import redis
from django.conf import settings
from django.core.cache import cache

from annotations.tasks import requeue_imports_task
from etemweb.celery import app

QUEUE = "test-cache-clear"


def waiting():
    with app.connection_for_read() as connection:
        return connection.default_channel.queue_declare(QUEUE, passive=True).message_count


def test_emptying_the_cache_leaves_a_queued_task():
    cache.set("seen", 1)
    requeue_imports_task.apply_async(queue=QUEUE)
    try:
        assert waiting() == 1
        cache.clear()
        assert cache.get("seen") is None
        assert waiting() == 1
    finally:
        with app.connection_for_write() as connection:
            connection.default_channel.queue_purge(QUEUE)


def test_each_is_where_the_settings_say():
    urls = [settings.QUEUE_URL, settings.CHANNELS_URL, settings.CACHE_URL]
    numbers = []
    for url in urls:
        with redis.Redis.from_url(url) as client:
            assert client.ping()
            numbers.append(client.connection_pool.connection_kwargs["db"])
    assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]
    with app.connection_for_read() as connection:
        assert connection.default_channel.client.connection_pool.connection_kwargs["db"] == numbers[0]
