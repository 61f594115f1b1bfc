"""Projects themselves; who belongs to one is members.py's."""

from django.db import transaction

from annotations.models import Membership, Project, Role


@transaction.atomic
def create_project(*, by, name, description="") -> Project:
    """A new project, owned by who made it."""
    project = Project(name=name.strip(), description=description.strip(), created_by=by)
    project.full_clean()
    project.save()
    Membership.objects.create(project=project, user=by, role=Role.OWNER)
    return project


@transaction.atomic
def update_project(*, project, name=None, description=None) -> Project:
    project = Project.objects.select_for_update().get(pk=project.pk)
    project.name = project.name if name is None else name.strip()
    project.description = project.description if description is None else description.strip()
    project.full_clean()
    project.save(update_fields=["name", "description"])
    return project
