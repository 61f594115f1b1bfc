"""Projects: a place for acquisitions, the people who may see them and the classes they are sorted into."""

from django.db import transaction

from annotations.models import Membership, Project, Role
from annotations.services.classes import create_class, suggest

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
