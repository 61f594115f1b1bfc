"""Files go with their rows: a project takes those of its models, datasets and runs along as it ends."""

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from mlcore.models import Dataset, ModelVersion, Run, RunSample
from mlcore.services.run_folder import delete_run_folder, synthetic_folder
from mlcore.services.stored import delete_folder


@receiver(post_delete, sender=ModelVersion)
@receiver(post_delete, sender=Dataset)
def forget_folder(instance, **signal):
    if instance.folder:
        transaction.on_commit(lambda: delete_folder(instance.folder))


@receiver(post_delete, sender=RunSample)
def forget_sample(instance, **signal):
    transaction.on_commit(lambda: default_storage.delete(instance.file))


@receiver(post_delete, sender=Run)
def forget_run(instance, **signal):
    pk = instance.pk  # the row's own is taken from it when all is deleted
    transaction.on_commit(lambda: delete_run_folder(pk))
    if instance.kind == Run.Kind.SYNTHESISE:
        transaction.on_commit(lambda: delete_folder(synthetic_folder(pk)))
