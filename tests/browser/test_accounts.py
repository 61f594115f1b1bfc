import re

import pytest
from playwright.sync_api import expect

from annotations.services.api_tokens import create_token
from tests.factories import make_label_class, make_project, make_user

pytestmark = pytest.mark.slow


def test_an_owner_invites_and_a_new_person_joins(site, page, log_in, context, browser):
    owner = make_user("olga")
    project = make_project(owner)
    log_in(owner)
    page.goto(f"{site}/projects/{project.pk}/members/")
    page.get_by_role("button", name="Invite").click()
    page.get_by_label("Role", exact=True).select_option("annotator")
    page.get_by_role("button", name="Make the link").click()
    link = page.get_by_label("Invitation link", exact=True).input_value()
    guest = browser.new_page()
    guest.goto(link)
    guest.get_by_label("Username").fill("nina")
    guest.get_by_label("Password", exact=True).fill("picometre-77")
    guest.get_by_label("Password again").fill("picometre-77")
    guest.get_by_role("button", name="Make the account and join").click()
    expect(guest.get_by_text("Welcome to “Gold on carbon”")).to_be_visible()
    guest.get_by_role("button", name="nina").click()
    guest.get_by_role("button", name="Log out").click()
    expect(guest.get_by_role("heading", name="Log in")).to_be_visible()
    guest.close()
    page.reload()
    expect(page.get_by_role("rowheader", name="nina")).to_be_visible()


def test_a_refused_form_goes_to_its_first_wrong_field(site, page, log_in):
    owner = make_user("olga")
    project = make_project(owner)
    make_label_class(project, name="nanotube", key=None)
    log_in(owner)
    page.goto(f"{site}/projects/{project.pk}/classes/")
    page.locator("#id_name").fill("nanotube")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("already has a class")).to_be_visible()
    expect(page.locator("#id_name")).to_be_focused()


def test_a_token_is_revoked_only_after_the_question(site, page, log_in):
    owner = make_user("olga")
    create_token(user=owner, name="microscope PC")
    log_in(owner)
    page.goto(f"{site}/account/")
    page.get_by_role("button", name="Revoke microscope PC").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Revoke microscope PC").click()
    page.get_by_role("button", name="Revoke the token").click()
    expect(page.get_by_text("no longer works")).to_be_visible()
    expect(page.get_by_role("button", name="Revoke microscope PC")).to_have_count(0)


def test_the_empty_project_takes_files_where_it_speaks_of_them(site, page, log_in):
    owner = make_user("olga")
    log_in(owner)
    page.goto(f"{site}{make_project(owner).get_absolute_url()}")
    expect(page.get_by_role("button", name="Upload files")).to_be_visible()  # the scripts are there
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    assert chooser.value.is_multiple()


def test_a_theme_is_chosen_kept_and_rendered_by_the_server(site, page, log_in):
    page.emulate_media(color_scheme="light")
    log_in(make_user("mia"))
    light = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    page.get_by_role("button", name="mia").click()
    page.get_by_role("button", name="Dark").click()
    dark = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert light != dark
    answer = page.goto(f"{site}/account/")
    assert re.search(r'<html[^>]*data-theme="dark"', answer.text())
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == dark
    # What a canvas reads is a colour that it can draw with.
    value = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--accent')")
    assert value.startswith("rgb")


def test_the_keyboard_alone_logs_in_and_skips_to_the_content(site, page):
    make_user("mia")
    page.goto(f"{site}/accounts/login/")
    page.keyboard.type("mia")  # the first field has the focus
    page.keyboard.press("Tab")
    page.keyboard.type("nanoscale-42")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/accounts/login/" not in url)
    page.goto(f"{site}/account/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_a_class_is_deleted_only_after_the_question(site, page, log_in):
    owner = make_user("olga")
    project = make_project(owner)
    log_in(owner)
    page.goto(f"{site}/projects/{project.pk}/classes/")
    page.get_by_label("Name").fill("nanotube")
    page.get_by_role("button", name="Add").click()
    page.get_by_role("button", name="Delete nanotube").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Delete nanotube").click()
    page.get_by_role("button", name="Delete the class").click()
    expect(page.get_by_text("“nanotube” is deleted.")).to_be_visible()
