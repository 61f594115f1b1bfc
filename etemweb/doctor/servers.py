"""Database, broker, channel layer, cache, and whether they all have the same time."""

import asyncio
import secrets
import time

import redis
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from etemweb import workers
from etemweb.broker import PATIENCE_S, connect_queue
from etemweb.doctor.finding import failed, ok, warning

POSTGRES_MIN = 14  # Django's own limit
REDIS_MIN = 7
CONNECTIONS_FULL = 0.8
DRIFT_WARNING_S, DRIFT_FAILED_S = 1, 5
DEAD_ROWS, DEAD_SHARE = 100_000, 0.3
DEAD = """
select relname, n_dead_tup from pg_stat_user_tables where n_dead_tup > %s and n_dead_tup > %s * n_live_tup
"""


def database():
    part = "database"
    begun = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        reached_ms = 1000 * (time.perf_counter() - begun)
        version = connection.pg_version // 10000
        if version < POSTGRES_MIN:
            yield failed(part, f"PostgreSQL {version} is too old.", f"install {POSTGRES_MIN} or newer")
        else:
            yield ok(part, f"PostgreSQL {version} answers in {reached_ms:.0f} ms.")
        yield _migrations(part)
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)",
                       [["fsync", "full_page_writes", "max_connections", "autovacuum"]])  # fmt: skip
        said = dict(cursor.fetchall())
        for name in ("fsync", "full_page_writes"):
            if said.get(name) == "off":
                yield warning(part, f"{name} is off: a power cut may lose the database.", f"set {name} = on")
        if said.get("autovacuum") == "off":
            yield warning(part, "Nothing clears dead rows away.", "set autovacuum = on")
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")
        used, most = cursor.fetchone()[0], int(said["max_connections"])
        text = f"{used} of {most} connections are in use; one process takes at most {_pool_size()}."
        remedy = "raise max_connections, lower ETEM_DB_POOL, or put PgBouncer in front (docs/scaling.md)"
        yield warning(part, text, remedy) if used > CONNECTIONS_FULL * most else ok(part, text)
        cursor.execute(DEAD, [DEAD_ROWS, DEAD_SHARE])
        for table, dead in cursor.fetchall():
            yield warning(part, f"{table} holds {dead:,} dead rows.", f"run VACUUM ANALYZE {table}")


def _migrations(part):
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        names = ", ".join(f"{one.app_label}.{one.name}" for one, _ in waiting[:3])
        return failed(part, f"{len(waiting)} migrations are not applied ({names}).", "./etem manage migrate")
    return ok(part, "Its tables are those of this release.")


def _pool_size():
    pool = connection.settings_dict["OPTIONS"].get("pool")
    return pool["max_size"] if pool else 1


def broker():
    part = "broker"
    with connect_queue() as server:
        said = server.info()
        is_valkey = "valkey_version" in said
        version = said.get("valkey_version") or said["redis_version"]
        name = f"{'Valkey' if is_valkey else 'Redis'} {version}"
        if int(str(version).split(".")[0]) < REDIS_MIN:
            yield failed(part, f"{name} is too old.", f"install Valkey, or Redis {REDIS_MIN} or newer")
        else:
            yield ok(part, f"{name} answers.")
        if not said.get("aof_enabled"):
            remedy = "start it with --appendonly yes (a hosted one: switch persistence on)"
            yield failed(part, "The append-only file is off: a crash loses what waits in the queue.", remedy)
        elif said.get("aof_last_write_status", "ok") != "ok":
            yield failed(part, "The append-only file cannot be written.", "make room on the broker's disk")
        else:
            yield ok(part, "The append-only file is on: the queue survives a crash.")
        policy = said.get("maxmemory_policy", "noeviction")
        if policy != "noeviction":
            remedy = "set maxmemory-policy noeviction"
            yield failed(part, f"Its memory policy “{policy}” may throw away tasks that wait.", remedy)
        limit, used = said.get("maxmemory", 0), said["used_memory"]
        if limit and used > CONNECTIONS_FULL * limit:
            yield warning(part, f"{used / limit:.0%} of its memory is used.", "give it more (maxmemory)")
    patience_s = settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]
    longest_s = settings.CELERY_TASK_TIME_LIMIT
    if patience_s <= longest_s:
        yield failed(
            part, f"A task may take {longest_s} s and is handed out again after {patience_s} s.",
            "leave visibility_timeout to follow from ETEM_TASK_LIMIT_S",
        )  # fmt: skip
    else:
        yield ok(
            part, f"A lost message comes back after {patience_s} s, the longest task takes {longest_s} s."
        )


def channel_layer():
    begun = time.perf_counter()
    async_to_sync(_there_and_back)()
    yield ok("channel layer", f"A message came back in {1000 * (time.perf_counter() - begun):.0f} ms.")


async def _there_and_back():
    layer, word = get_channel_layer(), secrets.token_hex(8)
    async with asyncio.timeout(PATIENCE_S):
        channel = await layer.new_channel()
        await layer.send(channel, {"type": "doctor", "word": word})
        message = await layer.receive(channel)
    if message.get("word") != word:
        raise ValueError("Another message came back than was sent")


def site_cache():
    key, word = f"doctor-{secrets.token_hex(8)}", secrets.token_hex(8)
    cache.set(key, word, 30)
    found = cache.get(key)
    cache.delete(key)
    if found == word:
        yield ok("cache", "It gives back what was put in.")
    else:
        yield failed("cache", "It did not give back what was put in.", "look at the server of ETEM_CACHE_URL")


def clock():
    part, drifts = "clock", {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")  # a first connection would count as drift
        drifts["the database"] = _drift(lambda: _database_time(cursor))
    with connect_queue() as server:
        server.ping()
        drifts["the broker"] = _drift(lambda: _redis_time(server))
    try:
        for one in workers.seen():
            drifts[f"worker {one['name']}"] = one["here_at"] - one["at"] + drifts["the broker"]
    except redis.RedisError:
        pass  # the cache's own line says so
    name, worst = max(drifts.items(), key=lambda item: abs(item[1]))
    text = f"{name[0].upper()}{name[1:]} is {abs(worst):.2f} s {'ahead' if worst > 0 else 'behind'}."
    remedy = "let all machines follow one clock (chrony or systemd-timesyncd)"
    if abs(worst) > DRIFT_FAILED_S:
        yield failed(part, text, remedy)
    elif abs(worst) > DRIFT_WARNING_S:
        yield warning(part, text, remedy)
    else:
        yield ok(part, f"All have the same time to {max(abs(worst), 0.01):.2f} s.")


def _drift(ask):
    before = time.time()
    there = ask()
    return there - (before + time.time()) / 2


def _database_time(cursor):
    cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
    return float(cursor.fetchone()[0])


def _redis_time(server):
    seconds, microseconds = server.time()
    return seconds + microseconds / 1e6
