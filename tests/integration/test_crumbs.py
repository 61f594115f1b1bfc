"""Each tab of a project names itself in the crumbs."""

import pytest
from django.urls import reverse


@pytest.mark.parametrize("tab", ["sizes", "particles", "runs", "export", "members", "classes"])
def test_the_crumbs_end_with_the_tabs_name(member_client, project, tab):
    answer = member_client.get(reverse(f"project-{tab}", args=[project.pk]))
    crumbs = answer.text.split('aria-label="Breadcrumb"')[1].split("</nav>")[0]
    assert f'<li aria-current="page">{tab.capitalize()}</li>' in crumbs
