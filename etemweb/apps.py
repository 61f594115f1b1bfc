from django.apps import AppConfig


class EtemwebConfig(AppConfig):
    """The project itself, so that its Celery application exists wherever Django is set up."""

    name = "etemweb"

    def ready(self):
        # Not in the package's __init__: the supervisor lives there too, and needs nothing of Celery.
        import etemweb.celery
        import etemweb.task_counts
        import etemweb.workers  # noqa: F401  (listens to Celery's signals)
