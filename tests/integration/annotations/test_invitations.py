import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from annotations.models import Invitation, Membership, Role, User
from annotations.services.invitations import accept_invitation, create_invitation
from tests.factories import make_membership, make_user

NEW = {
    "username": "nina",
    "first_name": "Nina",
    "last_name": "Berg",
    "email": "",
    "password": "picometre-77",
    "password_again": "picometre-77",
}


def make_invitation(project, by, role=Role.ANNOTATOR):
    _, secret = create_invitation(by=by, project=project, role=role, link_of=lambda secret: secret)
    return secret


@pytest.fixture
def secret(project, owner):
    return make_invitation(project, owner)


def path(secret):
    return f"/invitations/{secret}/"


def test_it_works(client, project, owner):
    client.force_login(owner)
    words = {"role": "reviewer", "email": "nina@lab.example"}
    page = client.post(f"/projects/{project.pk}/members/invite/", words).content.decode()
    link = re.search(r"http://testserver(/invitations/[\w-]{43}/)", page)[1]
    assert link not in client.get(f"/projects/{project.pk}/members/").content.decode()
    client.logout()
    assert "Gold on carbon" in client.get(link).content.decode()
    answer = client.post(link, {**NEW, "email": "nina@lab.example"})
    assert answer.headers["Location"] == project.get_absolute_url()
    nina = User.objects.get(username="nina")
    assert project.role_of(nina) == Role.REVIEWER
    assert client.session["_auth_user_id"] == str(nina.pk)
    invitation = Invitation.objects.get()
    assert invitation.accepted_by == nina
    assert link.split("/")[2] not in str(vars(invitation))


def test_it_is_mailed_where_the_site_sends_mail(client, project, owner, mailoutbox, settings):
    client.force_login(owner)
    words = {"role": "viewer", "email": "nina@lab.example"}
    client.post(f"/projects/{project.pk}/members/invite/", words)
    assert mailoutbox[0].to == ["nina@lab.example"]
    assert "http://testserver/invitations/" in mailoutbox[0].body
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    page = client.post(f"/projects/{project.pk}/members/invite/", words).content.decode()
    assert "It was also sent" not in page
    assert len(mailoutbox) == 1


def test_who_has_an_account_joins_with_it(client, project, secret, zoe):
    client.force_login(zoe)
    assert "as zoe" in client.get(path(secret)).content.decode()
    assert client.post(path(secret)).headers["Location"] == project.get_absolute_url()
    assert project.role_of(zoe) == Role.ANNOTATOR


def test_it_works_once(client, secret, zoe):
    client.force_login(zoe)
    client.post(path(secret))
    client.logout()
    for answer in (client.get(path(secret)), client.post(path(secret), NEW)):
        assert answer.status_code == 404
        assert "has expired" in answer.content.decode()
    assert not User.objects.filter(username="nina").exists()


def test_it_works_for_seven_days(client, secret):
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.post(path(secret), NEW).status_code == 404


def test_it_is_taken_back(client, project, owner, secret):
    client.force_login(owner)
    pk = Invitation.objects.get().pk
    assert client.post(f"/projects/{project.pk}/invitations/{pk}/revoke/").status_code == 302
    client.logout()
    assert client.get(path(secret)).status_code == 404


def test_an_inviter_who_was_removed_has_invited_nobody(client, project, zoe):
    manager = make_user("max")
    membership = make_membership(project, manager, Role.MANAGER)
    secret = make_invitation(project, manager, Role.VIEWER)
    membership.delete()
    client.force_login(zoe)
    answer = client.post(path(secret))
    assert answer.status_code == 400
    assert "may no longer do so" in answer.content.decode()
    assert project.role_of(zoe) is None


def test_a_manager_invites_no_owner_and_an_annotator_nobody(client, project, mia):
    manager = make_user("max")
    make_membership(project, manager, Role.MANAGER)
    address = f"/projects/{project.pk}/members/invite/"
    client.force_login(manager)
    assert client.post(address, {"role": "owner"}).status_code == 400
    api = f"/api/v1/projects/{project.pk}/invitations/"
    assert client.post(api, {"role": "owner"}, "application/json").status_code == 403
    client.force_login(mia)
    assert client.post(address, {"role": "viewer"}).status_code == 403
    assert not Invitation.objects.exists()


def test_a_member_keeps_the_higher_role(client, project, owner):
    client.force_login(owner)
    client.post(path(make_invitation(project, owner, Role.VIEWER)))
    assert project.role_of(owner) == Role.OWNER


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"username": "OLGA"}, "taken"),
        ({"username": "a b"}, "valid username"),
        ({"password": "password", "password_again": "password"}, "too common"),
        ({"password_again": "other"}, "differ"),
        ({"email": "nina"}, "valid email"),
    ],
)
def test_a_wrong_sign_up_leaves_the_invitation_open(client, project, secret, change, sentence):
    answer = client.post(path(secret), NEW | change)
    assert answer.status_code == 400
    assert sentence in answer.content.decode()
    assert Invitation.objects.open().exists()
    assert User.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_people_with_one_link_at_the_same_moment(project, owner):
    secret = make_invitation(project, owner)
    people = [make_user("nina"), make_user("noah")]
    together = Barrier(2, timeout=10)

    def act(user):
        together.wait()
        try:
            accept_invitation(user=user, secret=secret)
        except ValidationError:
            return "refused"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(act, people), key=str) == [None, "refused"]
    assert Membership.objects.filter(user__in=people).count() == 1
