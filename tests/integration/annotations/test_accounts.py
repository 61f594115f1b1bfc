import re

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from annotations.services.log_in import FAILURES_OF_NAME
from tests.factories import make_user

LOGIN = "/accounts/login/"


def guess(client, username, password, address):
    return client.post(LOGIN, {"username": username, "password": password}, REMOTE_ADDR=address)


def test_it_works(client, mia):
    answer = client.post(LOGIN, {"username": "mia", "password": "nanoscale-42", "next": "/account/"})
    assert answer.headers["Location"] == "/account/"
    assert client.get("/account/").status_code == 200
    assert client.post("/accounts/logout/").headers["Location"] == LOGIN
    assert client.get("/account/").headers["Location"].startswith(LOGIN)


def test_logging_out_takes_a_post(member_client):
    assert member_client.get("/accounts/logout/").status_code == 405
    assert member_client.get("/account/").status_code == 200


def test_log_in_does_not_send_people_elsewhere(client, mia):
    words = {"username": "mia", "password": "nanoscale-42", "next": "https://evil.example/"}
    assert client.post(LOGIN, words).headers["Location"] == "/"


def test_guessing_passwords_is_paused_and_the_right_one_is_refused_too(client, mia):
    for _ in range(FAILURES_OF_NAME):
        assert "do not match" in guess(client, "mia", "wrong", "10.0.0.1").content.decode()
    answer = guess(client, "Mia", "nanoscale-42", "10.0.0.1")
    assert "Too many failed attempts" in answer.content.decode()
    assert "_auth_user_id" not in client.session
    # The owner of the name, elsewhere, is not locked out.
    assert guess(client, "mia", "nanoscale-42", "10.0.0.2").status_code == 302


def test_a_success_forgets_the_failures_of_that_name(client, mia):
    for _ in range(3):
        for _ in range(FAILURES_OF_NAME - 1):
            guess(client, "mia", "wrong", "10.0.0.3")
        assert guess(client, "mia", "nanoscale-42", "10.0.0.3").status_code == 302
        client.logout()


def test_the_admin_has_the_same_pause(client, mia):
    operator = make_user("operator", is_staff=True)
    client.force_login(mia)  # the admin asks those who are logged in and not staff
    for _ in range(FAILURES_OF_NAME):
        client.post("/admin/login/", {"username": "operator", "password": "x"}, REMOTE_ADDR="10.0.0.4")
    words = {"username": operator.username, "password": "nanoscale-42"}
    answer = client.post("/admin/login/", words, REMOTE_ADDR="10.0.0.4")
    assert "Too many failed attempts" in answer.content.decode()


def test_a_closed_account_cannot_log_in(client, mia):
    mia.is_active = False
    mia.save()
    assert guess(client, "mia", "nanoscale-42", "10.0.0.5").status_code == 200
    assert "_auth_user_id" not in client.session


def test_there_is_no_open_sign_up(client, db):
    for path in ("/accounts/signup/", "/accounts/register/", "/signup/", "/invitations/guess/"):
        assert client.get(path).status_code == 404


def test_the_password_is_changed_and_other_browsers_are_logged_out(client, mia):
    other = type(client)()
    for browser in (client, other):
        browser.force_login(mia)
    words = {"old_password": "nanoscale-42", "new_password1": "picometre-77", "new_password2": "picometre-77"}
    assert client.post("/accounts/password/", words).headers["Location"] == "/account/"
    assert client.get("/account/").status_code == 200
    assert other.get("/account/").status_code == 302
    mia.refresh_from_db()
    assert mia.check_password("picometre-77")


@pytest.mark.parametrize(
    ("new", "again", "sentence"),
    [
        ("short", "short", "too short"),
        ("password", "password", "too common"),
        ("picometre-77", "picometre-78", "match"),
    ],
)
def test_a_poor_password_is_refused(member_client, mia, new, again, sentence):
    words = {"old_password": "nanoscale-42", "new_password1": new, "new_password2": again}
    assert sentence in member_client.post("/accounts/password/", words).content.decode()
    mia.refresh_from_db()
    assert mia.check_password("nanoscale-42")


def test_the_operator_makes_a_link_for_a_forgotten_password(client, mia):
    operator = make_user("operator", is_staff=True, is_superuser=True)
    client.force_login(operator)
    words = {"action": "password_links", "_selected_action": [mia.pk]}
    page = client.post("/admin/annotations/user/", words, follow=True).content.decode()
    link = re.search(r"http://testserver(/accounts/reset/[\w/-]+/)", page)[1]
    client.logout()
    form = client.get(link, follow=True)
    words = {"new_password1": "picometre-77", "new_password2": "picometre-77"}
    assert client.post(form.request["PATH_INFO"], words).status_code == 302
    mia.refresh_from_db()
    assert mia.check_password("picometre-77")
    assert "does not work" in client.get(link, follow=True).content.decode()


def test_a_reset_mail_is_sent_and_does_not_tell_who_has_an_account(client, mia, mailoutbox):
    mia.email = "mia@lab.example"
    mia.save()
    known = client.post("/accounts/reset/", {"email": "mia@lab.example"})
    unknown = client.post("/accounts/reset/", {"email": "nobody@lab.example"})
    assert known.headers["Location"] == unknown.headers["Location"]
    assert [mail.to for mail in mailoutbox] == [["mia@lab.example"]]
    key = urlsafe_base64_encode(force_bytes(mia.pk))
    assert reverse("password_reset_confirm", args=[key, default_token_generator.make_token(mia)])[:20] in (
        mailoutbox[0].body
    )


def test_without_mail_the_reset_page_says_whom_to_ask(client, settings, db):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    page = client.get("/accounts/reset/").content.decode()
    assert "sends no e-mail" in page
    assert 'type="email"' not in page


def test_a_profile_is_saved_and_a_wrong_address_refused(member_client, mia):
    words = {"first_name": "Mia", "last_name": "Sato", "email": "mia@lab.example"}
    assert member_client.post("/account/profile/", words).status_code == 302
    assert member_client.post("/account/profile/", {**words, "email": "mia"}).status_code == 400
    mia.refresh_from_db()
    assert (mia.display_name, mia.email) == ("Mia Sato", "mia@lab.example")
