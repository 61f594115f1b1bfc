import os

from celery import Celery

import etemweb.task_context  # noqa: F401  (listens to Celery's signals)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "etemweb.settings")

app = Celery("etemweb")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
