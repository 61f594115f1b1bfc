import csv
import io
import json
import re
from html import unescape

import pytest
from django.urls import reverse

from annotations.models import Layer, Particle
from mlcore.inference.engine import DEFAULT_CONFIDENCE
from mlcore.models import Prediction, Run
from tests.factories import make_calibration, make_frame, make_label_class, make_layer, make_particle
from tests.sized import make_disc, make_sized_frame

DIAMETERS_PX = [20, 24, 28, 30, 34, 40, 44, 60]
LOOSE = {"border": "include", "feret_min_px": ""}


@pytest.fixture
def frame(project):
    return make_sized_frame(project, DIAMETERS_PX)


@pytest.fixture
def url(project):
    return reverse("project-sizes", args=[project.pk])


def charts_of(response):
    data = re.search(r'<script id="page-data" type="application/json">(.*?)</script>', response.text, re.S)
    return json.loads(data[1])


def words_of(response):
    """All that a person or a program can read on the page."""
    return unescape(re.sub(r"<[^>]+>", " ", response.text))


def test_it_works(member_client, url, frame):
    response = member_client.get(url)
    assert response.status_code == 200
    assert response.context["selection"].n == 8
    # The discs have 20 to 60 px at 0.5 nm/px; the median of eight lies between the middle two, 30 and 34 px.
    assert response.context["summary"].d_values[1] == pytest.approx(16.0)
    assert "16.0 nm" in words_of(response)
    assert "0.50000 nm/px" in words_of(response)


def test_a_viewer_may_look(client, vic, url, frame):
    client.force_login(vic)
    assert client.get(url).status_code == 200


@pytest.mark.parametrize("name", ["project-sizes", "project-sizes-csv", "project-particles"])
def test_a_stranger_cannot_tell_that_the_project_exists(client, zoe, project, name):
    client.force_login(zoe)
    assert client.get(reverse(name, args=[project.pk])).status_code == 404


@pytest.mark.parametrize("name", ["project-sizes", "project-sizes-csv", "project-particles"])
def test_nobody_looks_without_a_log_in(client, project, name):
    response = client.get(reverse(name, args=[project.pk]))
    assert response.status_code == 302
    assert response.url.startswith(reverse("login"))


def test_only_pages_with_charts_allow_styles_of_their_own(member_client, url, project, frame):
    policy = member_client.get(url)["Content-Security-Policy"]
    assert "style-src 'self' 'unsafe-inline'" in policy
    assert "unsafe" not in policy.replace("style-src 'self' 'unsafe-inline'", "")
    gallery = member_client.get(reverse("project-particles", args=[project.pk]))
    assert "unsafe" not in gallery["Content-Security-Policy"]


def test_an_empty_project_says_what_to_do(member_client, url):
    response = member_client.get(url)
    assert "No particles here yet" in words_of(response)
    assert "page-data" not in response.text


def test_one_particle_is_spoken_of_in_the_singular(member_client, url, project):
    make_sized_frame(project, [8])  # below the size cut
    assert "The only particle is left out" in words_of(member_client.get(url))
    counted = words_of(member_client.get(url, {"feret_min_px": ""}))
    assert "1 particle on 1 image;" in counted
    assert "1 particles" not in counted


def test_without_calibration_no_nanometre_is_shown_anywhere(member_client, url, project):
    make_sized_frame(project, DIAMETERS_PX, pixel_size_nm=None)
    for address in (url, reverse("project-particles", args=[project.pk])):
        response = member_client.get(address)
        assert response.status_code == 200
        assert not re.search(r"\bnm\b|nm/px", words_of(response)), address
    page = member_client.get(url)
    assert "Sizes in pixels" in words_of(page)
    assert not re.search(r"\bnm\b", json.dumps(charts_of(page)["figures"]))
    assert "_nm" not in member_client.get(reverse("project-sizes-csv", args=[project.pk])).text


def test_particles_without_calibration_are_counted_but_not_sized(member_client, url, project, frame):
    make_sized_frame(project, [25, 35], pixel_size_nm=None)
    response = member_client.get(url)
    assert response.context["selection"].n == 8
    assert "2 without calibration" in words_of(response)


def test_the_border_rule_and_the_size_cut_are_counted(member_client, url, frame):
    layer, calibration = frame.layers.get(), frame.acquisition.calibrations.get()
    make_disc(layer, 30, at=(8, 100), calibration=calibration)
    make_disc(layer, 6, calibration=calibration)
    make_particle(layer)
    response = member_client.get(url)
    assert response.context["selection"].n == 8
    for words in ["1 touching the border", "1 below the size cut of 10 px", "1 without an outline"]:
        assert words in words_of(response)
    loose = member_client.get(url, {"border": "include", "feret_min_px": "0"})
    assert loose.context["selection"].n == 10


def test_every_bar_leads_to_exactly_its_particles(member_client, url, frame):
    response = member_client.get(url, {"bins": 7})
    bins = response.context["bins"]
    assert len(bins) == 7
    assert charts_of(response)["figures"]["size"]["links"] == [row["url"] for row in bins]
    seen = set()
    for row in bins:
        gallery = member_client.get(row["url"])
        found = [particle.pk for particle in gallery.context["page"]]
        assert len(found) == row["n"], row
        seen |= set(found)
    assert len(seen) == 8


@pytest.mark.parametrize("border", ["exclude", "weight", "include"])
def test_bars_lead_to_their_particles_under_every_border_rule(member_client, url, frame, border):
    layer = frame.layers.get()
    calibration = frame.acquisition.calibrations.get()
    make_disc(layer, 30, at=(8, 100), calibration=calibration)
    make_disc(layer, 300, calibration=calibration)  # wider than half of the frame's 512 px
    bins = member_client.get(url, {"border": border, "axis": "linear"}).context["bins"]
    for row in bins:
        assert member_client.get(row["url"]).context["page"].paginator.count == row["n"]


def test_filters_narrow_by_class_and_acquisition(member_client, url, project, frame):
    tube = make_label_class(project, name="nanotube", key=2)
    other = make_sized_frame(project, [50, 52], label_class=tube)
    by_class = member_client.get(url, {"label_class": tube.pk})
    assert by_class.context["selection"].n == 2
    assert member_client.get(url, {"label_class": "none"}).context["selection"].n == 8
    assert member_client.get(url, {"label_class": ["none", tube.pk]}).context["selection"].n == 10
    by_file = member_client.get(url, {"acquisition": other.acquisition_id})
    assert by_file.context["selection"].n == 2


@pytest.fixture
def unsure(frame, owner):
    """The key of a run that found three particles and two that it hardly believes in."""
    calibration = frame.acquisition.calibrations.get()
    run = make_suggestions(frame, [20, 30, 40], owner, calibration=calibration)
    for confidence in (0.1, 0.2):
        layer = run.predictions.get().layer
        make_disc(layer, 50, calibration=calibration, origin="suggested", confidence=confidence)
    return f"run:{run.pk}"


def test_suggestions_begin_with_the_confidence_of_the_editor_and_the_rest_is_counted(
    member_client, url, unsure
):
    page = member_client.get(url, {"source": unsure})
    assert page.context["filters"]["confidence_min"].value() == f"{DEFAULT_CONFIDENCE:g}"
    assert page.context["selection"].n == 3
    words = words_of(page)
    assert "2 suggestions under a confidence of 0.25 left out" in words
    assert "Left out of 5: 2 under a confidence of 0.25" in " ".join(words.split())
    for given in ({"confidence_min": "0"}, {"confidence_min": "0", "confidence_begun": "0.25"}):
        everything = member_client.get(url, {"source": unsure, **given})
        assert everything.context["selection"].n == 5
        assert "under a confidence" not in words_of(everything)
        assert everything.context["filters"]["confidence_min"].value() == "0"
    assert member_client.get(url, {"source": unsure, "confidence_min": "0.15"}).context["selection"].n == 4


def test_links_and_files_leave_out_what_the_page_leaves_out(member_client, url, project, unsure):
    for given, n in (({}, 3), ({"confidence_min": "0"}, 5)):
        asked = {"source": unsure, "feret_min_px": "", **given}
        page = member_client.get(url, asked)
        for row in page.context["bins"]:
            assert member_client.get(row["url"]).context["page"].paginator.count == row["n"]
        assert sum(row["n"] for row in page.context["bins"]) == n
        assert member_client.get(page.context["gallery"]).context["page"].paginator.count == n
        histogram = member_client.get(url + "histogram.csv", asked).text
        assert sum(int(row["particles"]) for row in csv.DictReader(io.StringIO(histogram))) == n
        file = f"{reverse('api-export-csv', args=[project.pk])}?{page.context['query']}"
        lines = b"".join(member_client.get(file).streaming_content).decode().splitlines()
        assert len(lines) == 1 + n
        answer = member_client.get(reverse("api-sizes", args=[project.pk]), asked).json()
        assert (answer["particles"], answer["left_out"]["below_confidence"]) == (n, 5 - n)
        assert answer["confidence_min"] == (0 if given else DEFAULT_CONFIDENCE)


@pytest.mark.parametrize("name", ["project-particles", "project-export"])
def test_other_pages_begin_with_the_same_confidence(member_client, project, unsure, name):
    for given, n in (({}, 3), ({"confidence_min": "0"}, 5)):
        page = member_client.get(reverse(name, args=[project.pk]), {"source": unsure, **given, **LOOSE})
        found = page.context["page"].paginator.count if "page" in page.context else page.context["n"]
        assert found == n


def test_the_confidence_that_a_page_began_with_does_not_stay_on_annotations(
    member_client, url, frame, unsure
):
    make_disc(frame.layers.get(kind="working"), 30, confidence=0.1, origin="accepted",
              calibration=frame.acquisition.calibrations.get())  # fmt: skip
    page = member_client.get(url, {"source": unsure})
    assert 'name="confidence_begun" value="0.25"' in page.text
    switched = {"source": "working", "confidence_min": "0.25", "confidence_begun": "0.25"}
    drawn = member_client.get(url, switched)
    assert drawn.context["selection"].n == 9
    assert 'name="confidence_begun"' not in drawn.text
    assert member_client.get(url, {"source": "working", "confidence_min": "0.25"}).context["selection"].n == 8


def make_suggestions(frame, diameters, owner, **over):
    run = Run.objects.create(project=frame.acquisition.project, engine="classical", status="succeeded")
    layer = make_layer(frame, kind=Layer.Kind.SUGGESTION)
    Prediction.objects.create(run=run, frame=frame, layer=layer, engine_version="1", seconds=1)
    for diameter in diameters:
        make_disc(layer, diameter, origin=Particle.Origin.SUGGESTED, confidence=0.8, **over)
    return run


def test_the_source_is_annotations_a_run_or_an_engine_but_never_both(member_client, url, frame, owner):
    first = make_suggestions(frame, [20, 30, 40], owner)
    second = make_suggestions(frame, [20, 30], owner)
    make_disc(second.predictions.get().layer, 44, decision=Particle.Decision.REJECTED)
    assert member_client.get(url).context["selection"].n == 8
    for source, n in [(f"run:{first.pk}", 3), (f"run:{second.pk}", 2), ("engine:classical", 2), ("drawn", 8)]:
        assert member_client.get(url, {"source": source}).context["selection"].n == n


def test_a_project_with_suggestions_only_shows_them_and_says_so(member_client, url, project, owner):
    frame = make_sized_frame(project, [])
    make_suggestions(frame, [20, 30, 40], owner, calibration=frame.acquisition.calibrations.get())
    response = member_client.get(url)
    assert response.context["selection"].n == 3
    assert "Suggestions: classical" in words_of(response)


def test_a_foreign_class_or_run_is_refused_as_if_it_did_not_exist(member_client, url, frame, zoe):
    response = member_client.get(url, {"source": "run:999999"})
    assert response.status_code == 400
    assert "Select a valid choice" in words_of(response)
    assert member_client.get(url, {"acquisition": "999999"}).status_code == 400


@pytest.mark.parametrize(
    "bad", [{"bins": "1000000"}, {"feret_min_px": "nan"}, {"weighting": "mass"}, {"bins": "x"}]
)
def test_nonsense_is_refused_with_a_sentence(member_client, url, frame, bad):
    response = member_client.get(url, bad)
    assert response.status_code == 400
    assert 'class="errorlist"' in response.text
    assert member_client.get(url + "histogram.csv", bad).status_code == 400


def test_volume_weighting_warns_below_6000_particles(member_client, url, frame):
    assert "do not repeat" not in words_of(member_client.get(url))
    response = member_client.get(url, {"weighting": "volume"})
    assert "do not repeat" in words_of(response)
    assert response.context["summary"].d_values[1] > 16.0


def test_intervals_come_with_five_files(member_client, url, project, frame):
    assert "1 file is too few" in words_of(member_client.get(url))
    for shift in range(4):
        make_sized_frame(project, [d + shift for d in DIAMETERS_PX])
    response = member_client.get(url)
    assert "95 %: " in words_of(response)
    low, high = response.context["summary"].intervals[1]
    assert low <= response.context["summary"].d_values[1] <= high


def test_the_bins_are_exported_as_drawn(member_client, url, frame):
    response = member_client.get(url + "histogram.csv", {"bins": 5})
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert [int(row["particles"]) for row in rows] == [
        row["n"] for row in member_client.get(url, {"bins": 5}).context["bins"]
    ]
    assert float(rows[0]["from_nm"]) == pytest.approx(10)
    assert float(rows[-1]["to_nm"]) == pytest.approx(30)


def test_few_marks_reach_the_browser_whatever_the_number_of_particles(member_client, url, project):
    frame = make_frame(make_sized_frame(project, []).acquisition)
    layer, calibration = make_layer(frame), make_calibration(frame.acquisition, 0.5)
    one = make_disc(layer, 30, calibration=calibration)
    many = []
    for k in range(6000):
        copy = Particle(
            **{f.attname: getattr(one, f.attname) for f in Particle._meta.concrete_fields if f.name != "id"}
        )
        copy.ecd_nm, copy.outline, copy.aspect_ratio = 5 + k / 100, None, 1 + k % 7 / 10
        many.append(copy)
    Particle.objects.bulk_create(many)
    response = member_client.get(url)
    assert response.context["selection"].n == 6001
    assert len(json.dumps(charts_of(response))) < 120_000
