"""A look at everything that the site stands on: what is well, what is worth a word, what is broken."""

from etemweb.doctor import configuration, machine, servers, work
from etemweb.doctor.finding import FAILED, OK, WARNING, Finding, failed

__all__ = ["FAILED", "OK", "WARNING", "Finding", "examine"]

# What each look is called, and whose word it is if it ends in an error that it does not know.
LOOKS = [
    ("database", servers.database, "see that PostgreSQL runs and that DATABASE_URL is right"),
    ("broker", servers.broker, "see that Valkey or Redis runs and that REDIS_URL is right"),
    ("channel layer", servers.channel_layer, "see that the server of ETEM_CHANNELS_URL (REDIS_URL) runs"),
    ("cache", servers.site_cache, "see that the server of ETEM_CACHE_URL (REDIS_URL) runs"),
    ("clock", servers.clock, "see that database and broker answer"),
    ("storage", machine.storage, "let the site's user write there, or correct ETEM_STORAGE_URL"),
    ("disk", machine.disk, "see that the data directory is mounted"),
    ("weights", machine.weights, "install the release again"),
    ("GPU", machine.gpu, "see that the driver is installed: nvidia-smi"),
    ("workers", work.workers_alive, "start one: ./etem worker"),
    ("beat", work.beat_alive, "start one worker with --beat"),
    ("queues", work.queues, "see that Valkey or Redis runs"),
    ("settings", configuration.risky_settings, "correct the environment"),
]


def examine(*only):
    """Look at the parts named, or at all of them.

    Yields
    ------
    Finding
        At least one for each part, in the order of LOOKS, however broken the site is.
    """
    for part, look, remedy in LOOKS:
        if only and part not in only:
            continue
        try:
            yield from look()
        except Exception as error:
            said = " ".join(str(error).split()) or type(error).__name__
            yield failed(part, f"{said[:300]}.".replace("..", "."), remedy)
