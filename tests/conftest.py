"""Mia is a member, Zoe a stranger: both are in every test that asks for them."""

import shutil

import pytest
from django.conf import settings

from annotations.models import Role
from tests.factories import make_membership, make_project, make_user


@pytest.fixture
def owner(db):
    return make_user("olga")


@pytest.fixture
def project(owner):
    return make_project(owner)


@pytest.fixture
def mia(project):
    """A member who may annotate."""
    user = make_user("mia")
    make_membership(project, user, Role.ANNOTATOR)
    return user


@pytest.fixture
def vic(project):
    """A member who may only look."""
    user = make_user("vic")
    make_membership(project, user, Role.VIEWER)
    return user


@pytest.fixture
def zoe(db):
    """A stranger to every project."""
    return make_user("zoe")


@pytest.fixture
def member_client(client, mia):
    client.force_login(mia)
    return client


@pytest.fixture(autouse=True)
def clean_storage():
    yield
    shutil.rmtree(settings.STORAGE_DIR, ignore_errors=True)
