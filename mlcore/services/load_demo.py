"""The demo project and its three people; its images are drawn and imported by a worker (import_demo)."""

import os
import secrets

from django.conf import settings
from django.db import transaction

from annotations.models import Membership, Project, Role, User
from annotations.services.classes import create_class, suggest
from annotations.services.projects import create_project
from mlcore.tasks import load_demo_task

NAME = "Demo: gold, platinum and nanotubes"
PEOPLE = [("demo-owner", Role.OWNER), ("demo-annotator", Role.ANNOTATOR), ("demo-viewer", Role.VIEWER)]
CLASSES = ["nanoparticle", "carbon nanotube", "polymer aggregate"]
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is easily taken for another


@transaction.atomic
def create_demo() -> Project:
    """The people and the project, without its images; their log-ins are kept in the data directory."""
    passwords = {username: _password() for username, _ in PEOPLE}
    users = {username: _user(username, passwords[username]) for username, _ in PEOPLE}
    project = create_project(
        by=users["demo-owner"], name=NAME, description="Drawn micrographs to try everything on."
    )
    for username, role in PEOPLE[1:]:
        Membership.objects.create(project=project, user=users[username], role=role)
    for name in CLASSES:
        if not project.label_classes.filter(name=name).exists():
            create_class(project=project, name=name, **suggest(project=project))
    _keep(passwords)
    load_demo_task.delay_on_commit(project.pk)
    return project


def _password():
    return "".join(secrets.choice(LETTERS) for _ in range(12))


def _user(username, password):
    user, _ = User.objects.get_or_create(username=username)
    user.set_password(password)
    user.save()
    return user


def _keep(passwords):
    path = settings.DATA_DIR / "demo-logins.txt"
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(
            f"Demo log-ins of this data directory (kept in {path}; delete it to have them no more printed):\n"
        )
        for username, password in passwords.items():
            file.write(f"  {username:16} {password}\n")
