from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from annotations.models import Membership, Role
from annotations.services.members import change_role, remove_member
from tests.factories import make_membership, make_user


@pytest.fixture
def page(project):
    return f"/projects/{project.pk}/members/"


def set_role(client, page, membership, role):
    return client.post(f"{page}{membership.pk}/role/", {"role": role})


def of(user):
    return Membership.objects.get(user=user)


def test_it_works(client, page, owner, mia):
    client.force_login(owner)
    assert "mia" in client.get(page).content.decode()
    assert set_role(client, page, of(mia), "reviewer").status_code == 302
    assert of(mia).role == Role.REVIEWER
    assert client.post(f"{page}{of(mia).pk}/remove/").status_code == 302
    assert not Membership.objects.filter(user=mia).exists()


def test_members_see_who_else_is_one_but_no_buttons(client, page, vic):
    client.force_login(vic)
    html = client.get(page).content.decode()
    assert "olga" in html
    assert "Remove" not in html
    assert "/invite/" not in html


def test_a_stranger_is_told_nothing(client, page, zoe, mia):
    client.force_login(zoe)
    assert client.get(page).status_code == 404
    assert set_role(client, page, of(mia), "owner").status_code == 404
    assert client.post(f"{page}leave/").status_code == 404


def test_an_annotator_is_refused_in_a_sentence(client, page, mia, vic):
    client.force_login(mia)
    answer = set_role(client, page, of(vic), "annotator")
    assert answer.status_code == 403
    assert "Only managers and owners" in answer.content.decode()
    assert of(vic).role == Role.VIEWER


def test_a_manager_reaches_up_to_managers(client, page, project, owner, mia):
    manager = make_user("max")
    make_membership(project, manager, Role.MANAGER)
    client.force_login(manager)
    assert set_role(client, page, of(mia), "manager").status_code == 302
    assert set_role(client, page, of(mia), "owner").status_code == 403
    assert set_role(client, page, of(manager), "owner").status_code == 403
    assert set_role(client, page, of(owner), "viewer").status_code == 403
    assert client.post(f"{page}{of(owner).pk}/remove/").status_code == 403
    assert (of(owner).role, of(manager).role, of(mia).role) == ("owner", "manager", "manager")


def test_an_unknown_role_is_refused(client, page, owner, mia):
    client.force_login(owner)
    answer = set_role(client, page, of(mia), "emperor")
    assert answer.status_code == 400
    assert "is no role" in answer.content.decode()


@pytest.mark.parametrize("action", ["leave/", "{pk}/remove/", "{pk}/role/"])
def test_the_last_owner_stays(client, page, owner, action):
    client.force_login(owner)
    answer = client.post(page + action.format(pk=of(owner).pk), {"role": "manager"})
    assert answer.status_code == 400
    assert "is the only owner" in answer.content.decode()
    assert of(owner).role == Role.OWNER


def test_an_owner_who_cannot_log_in_does_not_count(client, page, project, owner):
    make_membership(project, make_user("gone", is_active=False), Role.OWNER)
    client.force_login(owner)
    assert client.post(f"{page}leave/").status_code == 400


def test_a_member_leaves(client, page, mia):
    client.force_login(mia)
    assert client.post(f"{page}leave/").status_code == 302
    assert client.get(page).status_code == 404


def test_a_membership_of_another_project_is_not_reached_through_mine(client, page, project, owner, zoe):
    from tests.factories import make_project

    other = make_membership(make_project(zoe), make_user("otto"), Role.VIEWER)
    client.force_login(owner)
    assert set_role(client, page, other, "manager").status_code == 404


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verb", ["remove", "demote"])
def test_two_owners_cannot_remove_each_other_at_the_same_moment(project, owner, verb):
    second = make_user("oscar")
    make_membership(project, second, Role.OWNER)
    pairs = [(owner, of(second)), (second, of(owner))]
    together = Barrier(2, timeout=10)

    def act(pair):
        by, membership = pair
        together.wait()
        try:
            if verb == "remove":
                remove_member(by=by, membership=membership)
            else:
                change_role(by=by, membership=membership, role=Role.VIEWER)
        except Exception as error:
            return type(error).__name__
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(act, pairs))
    assert Membership.objects.filter(project=project, role=Role.OWNER).count() == 1
    assert set(outcomes) == {"PermissionDenied", None}, "who came second was no owner by then"


def test_the_service_keeps_an_owner_whoever_asks(project, owner):
    with pytest.raises(ValidationError):
        remove_member(by=owner, membership=of(owner))
