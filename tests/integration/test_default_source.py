"""No source and an empty one are the default one: else suggestions count beside their accepted copies."""

import csv
import io

import pytest
from django.urls import reverse

from annotations.models import Layer, Particle
from tests.factories import make_layer, make_particle
from tests.sized import make_sized_frame

QUERIES = ["", "source=", "source=working", "source=working&source="]


@pytest.fixture
def accepted_twice(project):
    """Three suggestions, each with its accepted copy in the working layer."""
    frame = make_sized_frame(project, [20, 24, 28])
    suggestions = make_layer(frame, kind=Layer.Kind.SUGGESTION)
    for copy in Particle.objects.filter(layer=frame.layers.get(kind=Layer.Kind.WORKING)):
        fields = {name: getattr(copy, name) for name in ("x", "y", "width", "height", "outline")}
        original = make_particle(
            suggestions, origin=Particle.Origin.SUGGESTED, decision=Particle.Decision.ACCEPTED, **fields
        )
        Particle.objects.filter(pk=copy.pk).update(origin=Particle.Origin.ACCEPTED, source=original)


def address(name, project, query):
    base = reverse(name, args=[] if name == "api-particles" else [project.pk])
    extra = f"project={project.pk}&" if name == "api-particles" else ""
    return f"{base}?{extra}border=include&feret_min_px=&{query}"


@pytest.mark.usefixtures("accepted_twice")
@pytest.mark.parametrize("query", QUERIES)
def test_pages_count_each_particle_once(member_client, project, query):
    sizes, gallery, export = (
        member_client.get(address(name, project, query))
        for name in ("project-sizes", "project-particles", "project-export")
    )
    assert sizes.context["selection"].n == 3
    assert gallery.context["page"].paginator.count == 3
    assert export.context["n"] == 3
    for page in (sizes, gallery, export):
        assert "---------" not in page.text
        assert page.context["filters"]["source"].value() == "working"
    assert "source=working" in export.context["query"]
    histogram = member_client.get(address("project-sizes-csv", project, query)).text
    assert sum(int(row["particles"]) for row in csv.DictReader(io.StringIO(histogram))) == 3


@pytest.mark.usefixtures("accepted_twice")
@pytest.mark.parametrize("query", QUERIES)
def test_the_api_counts_each_particle_once(member_client, project, query):
    assert member_client.get(address("api-particles", project, query)).json()["count"] == 3
    sizes = member_client.get(address("api-sizes", project, query)).json()
    assert (sizes["source"], sizes["particles_found"]) == ("working", 3)
    lines = b"".join(member_client.get(address("api-export-csv", project, query)).streaming_content)
    assert len(lines.decode().splitlines()) == 1 + 3
    coco = b"".join(member_client.get(address("api-export-coco", project, query)).streaming_content)
    assert coco.count(b'"segmentation"') == 3
