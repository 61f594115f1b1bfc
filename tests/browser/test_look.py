"""Every page in light and dark: readable by axe's rules (AA contrast among them), no error, no side scroll.

`ETEM_SHOTS=folder` keeps a picture of each.
"""

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.crowded import make_crowded_project
from tests.factories import make_project
from tests.integration.test_every_door import world

__all__ = ["world"]

pytestmark = pytest.mark.slow

SETTLED_MS = 400  # not "networkidle": pages with a live feed never are
SHOTS = os.environ.get("ETEM_SHOTS")
OF_ANYBODY = ["/accounts/login/", "/accounts/reset/", "/invitations/none/", "/invitations/{secret}/"]
EMPTY = [
    f"/projects/{{empty}}/{tab}"
    for tab in ("", "sizes/", "particles/", "runs/", "models/", "next/", "export/", "members/", "classes/")
]
FULL = [
    *("/", "/account/", "/accounts/password/", "/api/docs/", "/no/such/page/", "/projects/new/"),
    *(path.replace("empty", "project") for path in EMPTY),
    *(
        "/models/{model}/",
        "/models/{model}/promote/",
        "/models/{model}/shadow/",
        "/projects/{project}/models/shipped/",
    ),
    *("/runs/{run}/", "/acquisitions/{acquisition}/", "/acquisitions/{failed}/", "/frames/{frame}/"),
]
CROWDED = [
    *("/", "/?q=nothing+has+this", "/account/", "/acquisitions/{disputed}/"),
    *(path.replace("empty", "crowded") for path in EMPTY),
    *("/projects/{crowded}/?view=list", "/projects/{crowded}/?calibration=conflict"),
    *("/projects/{crowded}/settings/", "/projects/{crowded}/sizes/?axis=linear&weighting=volume"),
    "/projects/{crowded}/sizes/?bins=2&confidence_min=x",
    *(
        f"/projects/{{crowded}}/{tab}/?confidence_min={bad}"
        for tab in ("particles", "export")
        for bad in "x1"
    ),
]
OPTIONS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
NAMED = str.maketrans("/?=&+", "-----")  # an address as the name of a file


def looked_at(page, site, path, name):
    """What is wrong with a page, in words."""
    errors = []
    page.on("pageerror", lambda error: errors.append(f"script error: {error}"))
    page.on(
        "console", lambda message: errors.append(f"console: {message.text}") if message.type == "error" else 0
    )
    answer = page.goto(site + path)
    if page.locator(".plot").count():
        page.wait_for_selector("body[data-drawn]")
    page.wait_for_timeout(SETTLED_MS)
    if SHOTS:
        Path(SHOTS).mkdir(exist_ok=True)
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page="frames" not in path)
    wrong = [f"status {answer.status}"] if answer.status >= 500 else []
    if answer.status == 200:
        wrong += errors
    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        wrong.append("wider than the window")
    for violation in Axe().run(page, options=OPTIONS).response["violations"]:
        if violation["impact"] in {"serious", "critical"}:
            places = "; ".join(
                f"{node['target']} {node['failureSummary'][:160]}" for node in violation["nodes"][:3]
            )
            wrong.append(f"{violation['id']}: {places}")
    return [f"{path}: {words}" for words in wrong]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_can_be_read(site, page, log_in, world, owner, scheme):
    keys = {name: getattr(row, "pk", row) for name, row in vars(world).items()}
    keys["empty"] = make_project(owner, name="Nothing here yet").pk
    found = look_at_all(page, site, OF_ANYBODY, "anybody", keys, scheme)
    log_in(owner)
    found += look_at_all(page, site, EMPTY, "empty", keys, scheme)
    found += look_at_all(page, site, FULL, "full", keys, scheme)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_with_much_on_them_can_be_read(site, page, log_in, owner, scheme):
    project, disputed = make_crowded_project(owner)
    log_in(owner)
    found = look_at_all(
        page, site, CROWDED, "crowded", {"crowded": project.pk, "disputed": disputed.pk}, scheme
    )
    assert not found, "\n".join(found)


def look_at_all(page, site, paths, group, keys, scheme):
    """What is wrong with any of them, each in a tab of its own."""
    found = []
    for path in paths:
        name = f"{group}{path.split('{')[0]}{path.split('}')[-1]}".translate(NAMED).strip("-")
        tab = page.context.new_page()
        tab.emulate_media(color_scheme=scheme)
        found += looked_at(tab, site, path.format(**keys), f"{name}-{scheme}")
        tab.close()
    return found
