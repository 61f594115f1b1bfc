"""All settings. Where and how the site runs comes from the environment alone (docs/operations.md)."""

import hashlib

from etemweb import env, logs
from etemweb.embedded import addresses

BASE_DIR = env.BASE_DIR
DATA_DIR = env.data_dir()

SECRET_KEY = env.text("ETEM_SECRET_KEY") or addresses.secret_key(DATA_DIR)
DEBUG = env.flag("ETEM_DEBUG")
ALLOWED_HOSTS = env.words("ETEM_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("ETEM_TRUSTED_ORIGINS")
BEHIND_TLS = env.flag("ETEM_BEHIND_TLS")
PROXIES = env.networks("ETEM_PROXY")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "annotations",
    "mlcore",
    "analysis",
    "etemweb",
]

MIDDLEWARE = [
    "etemweb.observe.ObserveMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "etemweb.middleware.SocketPolicyMiddleware",
    "etemweb.middleware.ApiErrorMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # Every view asks for a log-in unless it says otherwise: a forgotten decorator cannot open a page.
    "etemweb.middleware.LogInMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "etemweb.middleware.MethodMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "etemweb.urls"
ASGI_APPLICATION = "etemweb.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Database, broker, channel layer, cache: one PostgreSQL and one Redis-protocol server, embedded or elsewhere.
DATABASES = {"default": env.database(env.text("DATABASE_URL") or addresses.database_url(DATA_DIR))}
REDIS_URL = env.text("REDIS_URL") or addresses.redis_url(DATA_DIR)
# A database for each, so that emptying the cache empties no queue.
QUEUE_URL, CHANNELS_URL, CACHE_URL = (env.redis_database(REDIS_URL, number) for number in range(3))
CHANNELS_URL = env.text("ETEM_CHANNELS_URL") or CHANNELS_URL
CACHE_URL = env.text("ETEM_CACHE_URL") or CACHE_URL
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": CACHE_URL,
        "OPTIONS": {"socket_timeout": 5},  # seconds; to connect, too
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [CHANNELS_URL]},
    }
}

# Tasks. One number, from which the limits and the broker's patience follow (docs/decisions).
TASK_LIMIT_S = env.number("ETEM_TASK_LIMIT_S", 3600)
CHECKPOINT_S = env.number("ETEM_CHECKPOINT_S", 60)
CELERY_BROKER_URL = addresses.celery_url(QUEUE_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = TASK_LIMIT_S
CELERY_TASK_TIME_LIMIT = TASK_LIMIT_S + 60
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = "io"
# Runs are sent to their queue by name (mlcore/services/queues.py). `now` is emptied first, by every worker.
CELERY_TASK_ROUTES = {"mlcore.tasks.requeue_runs_task": {"queue": "now"}, "*.tasks.*": {"queue": "io"}}
# 1: there are workers with GPUs (`./etem worker --queues gpu`), and runs wait for one of them.
GPU_WORKERS = env.flag("ETEM_GPU_WORKERS")
CELERY_BEAT_SCHEDULE = {
    # What a lost worker left behind begins again within seconds, not when the broker runs out of patience.
    "requeue-imports": {
        "task": "annotations.tasks.requeue_imports_task",
        "schedule": 15,
        "options": {"expires": 15},
    },
    "sweep-uploads": {"task": "annotations.tasks.sweep_uploads_task", "schedule": 3600},
    "requeue-runs": {"task": "mlcore.tasks.requeue_runs_task", "schedule": 3, "options": {"expires": 3}},
}
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": int(1.1 * (TASK_LIMIT_S + 60)),
    "socket_connect_timeout": 5,
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
    "queue_order_strategy": "priority",  # a worker's queues in the order in which they are named to it
}

# Prometheus: off unless somebody is named who may read it.
METRICS_TOKEN = env.text("ETEM_METRICS_TOKEN")
METRICS_ALLOWED = env.networks("ETEM_METRICS_ALLOWED")
METRICS_DIR = addresses.metrics_dir(DATA_DIR) if METRICS_TOKEN or METRICS_ALLOWED else None

# Accounts.
AUTH_USER_MODEL = "annotations.User"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "projects"
LOGOUT_REDIRECT_URL = "login"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
EMAIL_BACKEND = env.text("ETEM_EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
EMAIL_HOST = env.text("ETEM_EMAIL_HOST", "localhost")
EMAIL_PORT = env.number("ETEM_EMAIL_PORT", 25)
DEFAULT_FROM_EMAIL = env.text("ETEM_FROM_EMAIL", "etemweb@localhost")

# Browser side: cookies, policy, static files.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_TLS else 0
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "connect-src": ["'self'"],  # and our own socket: SocketPolicyMiddleware
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}


def _release():
    """The release is in the static path, so that everything under it may be cached for ever."""
    seen = hashlib.sha256()
    for path in sorted((BASE_DIR / "static").rglob("*")):
        if path.is_file():
            stat = path.stat()
            seen.update(f"{path.relative_to(BASE_DIR)}:{stat.st_size}:{stat.st_mtime_ns}".encode())
    return seen.hexdigest()[:12]


RELEASE = env.text("ETEM_RELEASE") or _release()
STATIC_URL = f"/static/{RELEASE}/"
STATICFILES_DIRS = [BASE_DIR / "static", ("plotly", addresses.plotly_static_dir())]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]

# Uploads: originals byte for byte, and what is made from them. Never served by path.
STORAGE_DIR = DATA_DIR / "storage"
MEDIA_ROOT = STORAGE_DIR
# Object storage in its place: STORAGE_DIR is then a cache of it, and where uploads gather.
STORAGE_URL = env.text("ETEM_STORAGE_URL")
STORAGE_CACHE_BYTES = env.number("ETEM_STORAGE_CACHE_BYTES", 100 * 2**30)
STORAGES = {
    "default": env.storage(STORAGE_URL),
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 2**20
MAX_UPLOAD_BYTES = env.number("ETEM_MAX_UPLOAD_BYTES", 64 * 2**30)
# One request's body; Django keeps it in SPOOL_DIR until it is whole: on the data's disk, /tmp may be memory.
MAX_REQUEST_BYTES = env.number("ETEM_MAX_REQUEST_BYTES", 2**30)
SPOOL_DIR = DATA_DIR / "incoming"
# Files are decoded in a process of their own, held to these.
IMPORT_MEMORY_BYTES = env.number("ETEM_IMPORT_MEMORY_BYTES", 4 * 2**30)
IMPORT_FRAME_CPU_S = env.number("ETEM_IMPORT_FRAME_CPU_S", 120)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        # First: its header makes a missing log-in 401, not 403.
        "annotations.api.authentication.BearerAuthentication",
        "annotations.api.authentication.PageSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_FILTER_BACKENDS": ["annotations.api.known_parameters.KnownFilters"],
    "DEFAULT_PAGINATION_CLASS": "annotations.api.paging.Pages",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "annotations.api.errors.handle",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "etemweb",
    "DESCRIPTION": "Electron micrographs, particles and their sizes in nanometres.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "AcquisitionStatus": "annotations.models.acquisition.Acquisition.Status",
        "RunStatus": "mlcore.models.Run.Status",
        "RunKind": "mlcore.models.Run.Kind",
        "ModelKind": "mlcore.models.ModelVersion.Kind",
        "DatasetStatus": "mlcore.models.Dataset.Status",
        "Role": "annotations.models.project.Role",
        "ParticleDecision": "annotations.models.particle.Particle.Decision",
    },
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "annotations.api.schema.add_errors",
    ],
}

LANGUAGE_CODE = "en-us"
TIME_ZONE = env.text("ETEM_TIME_ZONE", "UTC")
USE_TZ = True

LOG_FORMAT = env.one_of("ETEM_LOG_FORMAT", "text", {"text", "json"})
LOGGING = logs.settings(LOG_FORMAT, env.text("ETEM_LOG_LEVEL", "INFO"))
