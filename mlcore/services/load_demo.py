"""The demo project: three people, four drawn micrographs, and a first run of the classical engine over them."""

import os
import secrets
import tempfile
import time
from pathlib import Path

from django.conf import settings
from django.db import transaction

from annotations.demo.files import FILES, write_file
from annotations.models import Acquisition, Membership, Project, Role, User
from annotations.services.classes import create_class
from annotations.services.import_acquisition import import_acquisition
from annotations.services.projects import create_project
from annotations.services.run_import import run_import
from mlcore.tasks import load_demo_task

NAME = "Demo: gold, platinum and nanotubes"
PEOPLE = [("demo-owner", Role.OWNER), ("demo-annotator", Role.ANNOTATOR), ("demo-viewer", Role.VIEWER)]
CLASSES = ["nanoparticle", "carbon nanotube", "polymer aggregate"]
UNFINISHED = [Acquisition.Status.QUEUED, Acquisition.Status.IMPORTING]
IMPORT_LIMIT_S = 300


@transaction.atomic
def create_demo() -> Project:
    """The people and the project, without its images; their log-ins are kept in the data directory."""
    passwords = {username: secrets.token_urlsafe(9) for username, _ in PEOPLE}
    users = {username: _user(username, passwords[username]) for username, _ in PEOPLE}
    project = create_project(
        by=users["demo-owner"], name=NAME, description="Drawn micrographs to try everything on."
    )
    for username, role in PEOPLE[1:]:
        Membership.objects.create(project=project, user=users[username], role=role)
    for name in CLASSES:
        if not project.label_classes.filter(name=name).exists():
            create_class(project=project, name=name)
    _keep(passwords)
    load_demo_task.delay_on_commit(project.pk)
    return project


def _user(username, password):
    user, _ = User.objects.get_or_create(username=username)
    user.set_password(password)
    user.save()
    return user


def _keep(passwords):
    path = settings.DATA_DIR / "demo-logins.txt"
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"Demo log-ins of this data directory (kept in {path}; delete it to have them no more printed):\n")
        for username, password in passwords.items():
            file.write(f"  {username:16} {password}\n")


def import_demo(*, project):
    """Draw, import and analyse the demo's files; what is there already is left alone."""
    owner = project.created_by
    with tempfile.TemporaryDirectory() as folder:
        for demo in FILES:
            if project.acquisitions.filter(name=demo.name).exists():
                continue
            path = Path(folder) / demo.name
            write_file(demo, path)
            imported = import_acquisition(by=owner, project=project, path=path, name=demo.name)
            run_import(acquisition_pk=imported.acquisition.pk)
    limit = time.monotonic() + IMPORT_LIMIT_S
    while project.acquisitions.filter(status__in=UNFINISHED).exists() and time.monotonic() < limit:
        time.sleep(0.5)  # another worker took the import's own message first
