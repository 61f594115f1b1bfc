"""The API's documentation, which Swagger UI draws: readable in light and dark, folded and unfolded."""

import os
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

OPTIONS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
SHOTS = os.environ.get("ETEM_SHOTS")


def wrong_in(page):
    violations = Axe().run(page, options=OPTIONS).response["violations"]
    return [
        f"{violation['id']} ({len(violation['nodes'])}): "
        + "; ".join(f"{node['target']} {node['failureSummary'][:200]}" for node in violation["nodes"][:4])
        for violation in violations
        if violation["impact"] in {"serious", "critical"}
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_documentation_can_be_read(site, page, log_in, owner, scheme):
    log_in(owner)
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{site}/api/docs/")
    operation = page.locator("#api-docs .opblock", has_text="/acquisitions/{id}/").first
    expect(operation).to_be_visible()
    found = wrong_in(page)
    for method in ("get", "post", "delete"):
        page.locator(f"#api-docs .opblock-{method} .opblock-summary-control").first.click()
        expect(page.locator(f"#api-docs .opblock-{method}.is-open .responses-inner").first).to_be_visible()
    expect(page).to_have_url(re.compile("#/"))  # can be sent to a colleague
    page.locator("#api-docs .opblock-get.is-open .try-out__btn").first.click()
    expect(page.locator("#api-docs .opblock-get.is-open .btn.execute").first).to_be_visible()
    found += wrong_in(page)
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/api-docs-{scheme}.png", full_page=True)
    assert not found, "\n".join(found)
    sheet = page.locator("#api-docs").evaluate("box => getComputedStyle(box).backgroundColor")
    lightness = sum(int(part) for part in re.findall(r"\d+", sheet)[:3]) / 3
    assert lightness > 200 if scheme == "light" else lightness < 60
