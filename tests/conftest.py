"""Mia is a member, Zoe a stranger: both are in every test that asks for them."""

import shutil

import pytest
from django.conf import settings
from django.db import OperationalError
from django.db.backends.base.operations import BaseDatabaseOperations
from psycopg.errors import DeadlockDetected

from annotations.models import Role
from tests.factories import make_membership, make_project, make_user

FLUSHES = 5


@pytest.fixture(scope="session", autouse=True)
def flush_again_after_a_deadlock():
    """A site may still answer a page while its tables are emptied: PostgreSQL then ends one of the two."""
    flush = BaseDatabaseOperations.execute_sql_flush

    def patient(self, sql_list):
        for left in reversed(range(FLUSHES)):
            try:
                return flush(self, sql_list)
            except OperationalError as error:
                if not left or not isinstance(error.__cause__, DeadlockDetected):
                    raise

    BaseDatabaseOperations.execute_sql_flush = patient
    yield
    BaseDatabaseOperations.execute_sql_flush = flush


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
