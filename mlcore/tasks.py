"""What workers do for this app. A task only carries a key; the row is the truth, so twice does no harm."""

from celery import shared_task


@shared_task(acks_late=True, soft_time_limit=900, time_limit=960)
def load_demo_task(project_pk: int) -> None:
    # Imported here: the web process queues tasks and needs none of what they load.
    from annotations.models import Project
    from mlcore.services.import_demo import import_demo

    import_demo(project=Project.objects.get(pk=project_pk))
