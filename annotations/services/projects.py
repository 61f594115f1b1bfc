"""Projects: a place for acquisitions, the people who may see them and the classes they are sorted into."""

from django.core.exceptions import ValidationError
from django.db import transaction

from annotations.models import Membership, Project, Role
from annotations.services import kept
from annotations.services.acquisitions import delete_acquisition
from annotations.services.classes import create_class, suggest
from annotations.services.notify import push
from annotations.services.storage import originals_folder

FIRST_CLASSES = ["nanoparticle", "carbon nanotube", "polymer aggregate"]  # on keys 1 to 3


@transaction.atomic
def create_project(*, by, name, description="") -> Project:
    """A new project with `by` as its owner and the first label classes.

    Raises
    ------
    ValidationError
        If the name is empty or too long.
    """
    project = Project(name=name.strip(), description=description.strip(), created_by=by)
    project.full_clean()
    project.save()
    Membership.objects.create(project=project, user=by, role=Role.OWNER)
    for class_name in FIRST_CLASSES:
        create_class(project=project, name=class_name, **suggest(project=project))
    return project


@transaction.atomic
def update_project(*, project, name=None, description=None) -> Project:
    """Rename or describe a project; what is None stays.

    Raises
    ------
    ValidationError
        If the name is empty or too long.
    """
    project = Project.objects.select_for_update().get(pk=project.pk)
    project.name = project.name if name is None else name.strip()
    project.description = project.description if description is None else description.strip()
    project.full_clean()
    project.save(update_fields=["name", "description"])
    return project


@transaction.atomic
def delete_project(*, project, typed_name):
    """Delete a project with all that is in it, files too; `typed_name` proves that this one is meant.

    Raises
    ------
    ValidationError
        If the name is not the project's.
    """
    # The lock keeps out new acquisitions and uploads, which point at the project.
    project = Project.objects.select_for_update().get(pk=project.pk)
    if typed_name.strip() != project.name:
        raise ValidationError({"name": f"Type the project's name, “{project.name}”, to delete it."})
    pk, upload_paths = project.pk, [upload.path for upload in project.uploads.all()]
    for acquisition in project.acquisitions.order_by("pk"):
        delete_acquisition(acquisition=acquisition)
    project.delete()
    push(project_id=pk, kind="members", payload={})  # open pages lose their feed
    transaction.on_commit(lambda: _remove_files(pk, upload_paths))


def _remove_files(pk, upload_paths):
    for path in upload_paths:
        path.unlink(missing_ok=True)
    kept.drop_folder(originals_folder(pk))
