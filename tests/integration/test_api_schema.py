"""The schema is whole, and the API does what it says under generated requests."""

import io
import re
from contextlib import suppress

import pytest
import schemathesis
import torch
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from django.urls import Resolver404, resolve
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from annotations.services.api_tokens import create_token
from tests.integration.test_every_door import keys_of, world

__all__ = ["world"]

pytestmark = pytest.mark.slow

EXAMPLES = 10
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
]  # fmt: skip


@schemathesis.serializer("application/offset+octet-stream")
def as_they_are(context, value):
    return value if isinstance(value, bytes) else str(value).encode()


def test_the_schema_is_made_without_a_warning(db):
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=io.StringIO())


def test_every_operation_says_what_it_does_and_how_it_fails(client, mia):
    client.force_login(mia)
    paths = client.get("/api/schema/?format=json").json()["paths"]
    assert len(paths) > 20
    for path, operations in paths.items():
        for method, operation in operations.items():
            assert operation["summary"], f"{method} {path} needs a docstring"
            assert "401" in operation["responses"], path
        summaries = [operation["summary"] for operation in operations.values()]
        assert len(set(summaries)) == len(summaries), f"{path}: say of each method what it does"


@pytest.fixture
def connection_kept():
    """As Django's own test client does it: requests here run within the test's transaction."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def tiny_floats():
    """A training in this process has them taken for zero, which is faster; Hypothesis wants all there are."""
    torch.set_flush_denormal(False)


# An original that is streamed is closed by the server, which is not here.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_generated_requests_find_no_crash_and_no_undocumented_answer(
    world, owner, connection_kept, tiny_floats
):
    _, secret = create_token(user=owner, name="generated requests")
    headers = {"Authorization": f"Bearer {secret}"}
    schema = schemathesis.openapi.from_wsgi(
        "/api/schema/?format=json", get_wsgi_application(), headers=headers
    )
    found = []
    for operation in (result.ok() for result in schema.get_all_operations()):
        try:
            try_out(operation, world, headers)
        except (Exception, BaseExceptionGroup) as error:
            found.append(f"{operation.label}: {str(error)[:700]}")
    assert not found, "\n\n".join(found)


def try_out(operation, world, headers):
    name = name_of(operation.path)
    real_keys = keys_of(world, name)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), is_real=st.booleans())
    def try_one(case, is_real):
        if is_real:  # a made-up key finds nothing: half of the time a row that is there
            for key in case.path_parameters or {}:
                case.path_parameters[key] = real_keys["pk" if key == "id" else key]
        with transaction.atomic():
            answer = case.call(headers=headers)
            transaction.set_rollback(True)
        case.validate_response(answer, checks=CHECKS)

    try_one()


def name_of(path):
    """The name of the address that a path of the schema stands for."""
    for key in ("1", "00000000-0000-4000-8000-000000000000"):
        with suppress(Resolver404):
            return resolve(re.sub(r"{\w+}", key, path)).url_name
    raise AssertionError(f"{path} leads nowhere")
