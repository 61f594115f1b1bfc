import re
from datetime import timedelta

import pytest
from django.utils import timezone

from annotations.models import ApiToken
from annotations.services.api_tokens import MAX_PER_USER, create_token, use_token

ME = "/api/v1/me/"


def bearer(secret):
    return {"HTTP_AUTHORIZATION": f"Bearer {secret}"}


def test_it_works(member_client, client, mia):
    page = member_client.post(
        "/account/tokens/", {"name": "microscope PC", "lifetime": "90"}
    ).content.decode()
    secret = re.search(r'value="(etem_[\w-]{43})"', page)[1]
    client.logout()
    assert client.get(ME, **bearer(secret)).json()["username"] == "mia"
    token = ApiToken.objects.get()
    assert secret not in str(vars(token))
    assert token.last_used_at is not None
    assert 89 < (token.expires_at - timezone.now()).days + 1 <= 90


def test_it_is_shown_once(member_client, mia):
    _, secret = create_token(user=mia, name="script")
    assert secret not in member_client.get("/account/").content.decode()


@pytest.mark.parametrize("header", ["Bearer", "Bearer nonsense", "Bearer a b", "Bearer \xff"])
def test_a_wrong_token_is_401_in_one_sentence(client, db, header):
    answer = client.get(ME, HTTP_AUTHORIZATION=header)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "unknown, expired or revoked" in answer.json()["detail"]


def test_expired_revoked_and_closed_are_refused(client, mia):
    token, secret = create_token(user=mia, name="script", lifetime_days=1)
    assert client.get(ME, **bearer(secret)).status_code == 200
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get(ME, **bearer(secret)).status_code == 401
    ApiToken.objects.update(expires_at=None)
    mia.is_active = False
    mia.save()
    assert client.get(ME, **bearer(secret)).status_code == 401
    mia.is_active = True
    mia.save()
    token.delete()
    assert client.get(ME, **bearer(secret)).status_code == 401


def test_a_token_does_not_open_pages_nor_need_a_csrf_token(mia):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    _, secret = create_token(user=mia, name="script")
    assert client.get("/account/", **bearer(secret)).status_code == 302
    made = client.post("/api/v1/projects/", {"name": "By script"}, "application/json", **bearer(secret))
    assert made.status_code == 201


def test_nobody_revokes_anothers_token(client, mia, zoe):
    token, secret = create_token(user=mia, name="script")
    client.force_login(zoe)
    assert client.post(f"/account/tokens/{token.pk}/revoke/").status_code == 404
    assert client.delete(f"/api/v1/tokens/{token.pk}/").status_code == 404
    assert use_token(secret=secret) == token
    client.force_login(mia)
    assert client.post(f"/account/tokens/{token.pk}/revoke/").status_code == 302
    assert use_token(secret=secret) is None


def test_names_are_ones_own_and_told_apart(member_client, mia, zoe):
    create_token(user=zoe, name="script")
    assert member_client.post("/api/v1/tokens/", {"name": "script"}, "application/json").status_code == 201
    again = member_client.post("/api/v1/tokens/", {"name": "script"}, "application/json")
    assert again.status_code == 400
    assert "choose another name" in again.json()["detail"]
    assert member_client.post("/account/tokens/", {"name": "script"}).status_code == 400


def test_there_is_an_end_to_tokens(member_client, mia):
    for number in range(MAX_PER_USER):
        create_token(user=mia, name=str(number))
    answer = member_client.post("/api/v1/tokens/", {"name": "one more"}, "application/json")
    assert answer.status_code == 400
    assert "revoke one first" in answer.json()["detail"]
