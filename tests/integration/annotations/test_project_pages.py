"""The list of projects, a new one, and the overview of one."""

import re

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from annotations.models import Acquisition, Calibration, Layer, Particle, Project, Role
from annotations.models.overview import search
from tests.factories import (
    make_acquisition,
    make_calibration,
    make_frame,
    make_layer,
    make_membership,
    make_particle,
    make_project,
)


def names(answer):
    return [row.acquisition.name for row in answer.context["rows"]]


@pytest.fixture
def page(member_client, project):
    def page(**query):
        return member_client.get(project.get_absolute_url(), query)

    return page


# The list of projects.


def test_it_works(member_client, project):
    answer = member_client.get("/")
    assert answer.status_code == 200
    assert project.name in answer.text
    assert "Annotator" in answer.text


def test_the_list_shows_ones_own_projects_alone(client, project, zoe):
    client.force_login(zoe)
    answer = client.get("/")
    assert project.name not in answer.text
    assert "No project yet" in answer.text


def test_the_list_is_searched_by_name_and_description(member_client, mia):
    make_project(mia, name="Ni on silica")
    make_project(mia, name="Series 7", description="Rods of silver")
    make_project(None, name="Ni of strangers")
    assert "Ni on silica" in (found := member_client.get("/", {"q": " NI "}).text)
    assert "Series 7" not in found
    assert "strangers" not in found
    assert "Series 7" in member_client.get("/", {"q": "silver"}).text
    nothing = member_client.get("/", {"q": "<xyz>"})
    assert "No project fits" in nothing.text
    assert "<xyz>" not in nothing.text


def test_anonymous_is_sent_to_log_in(client, project):
    for url in ("/", reverse("project-new"), project.get_absolute_url()):
        assert client.get(url).url.startswith("/accounts/login/")


def test_cards_count_what_is_in_the_project(member_client, project, mia):
    other = make_project(name="Other")
    make_membership(other, mia, Role.VIEWER)
    frame = make_frame(make_acquisition(project))
    make_particle(make_layer(frame))
    suggestions = make_layer(frame, kind=Layer.Kind.SUGGESTION)
    make_particle(suggestions)
    make_particle(suggestions, decision=Particle.Decision.REJECTED)
    cards = {card["project"]: card["tally"] for card in member_client.get("/").context["cards"]}
    mine = cards[project]
    assert (mine.n_acquisitions, mine.n_particles, mine.n_open) == (1, 1, 1)
    assert (cards[other].n_acquisitions, cards[other].last_at) == (0, other.created_at)


def test_a_new_project_belongs_to_who_made_it(member_client, mia):
    answer = member_client.post(reverse("project-new"), {"name": " Ni/SiO₂ ", "description": "600 °C"})
    made = Project.objects.get(name="Ni/SiO₂")
    assert answer.url == made.get_absolute_url()
    assert made.role_of(mia) == Role.OWNER
    classes = made.label_classes.values_list("key", "name")
    assert list(classes) == [(1, "nanoparticle"), (2, "carbon nanotube"), (3, "polymer aggregate")]
    assert len(set(made.label_classes.values_list("color", flat=True))) == 3


@pytest.mark.parametrize("name", ["", "   ", "x" * 121])
def test_a_project_without_a_usable_name_is_refused(member_client, name):
    answer = member_client.post(reverse("project-new"), {"name": name})
    assert answer.status_code == 400
    assert answer.context["form"].errors["name"]
    assert not Project.objects.filter(description="").exclude(name="Gold on carbon").exists()


# The overview.


def test_an_empty_project_says_what_to_do(page):
    answer = page()
    assert "No images yet" in answer.text
    assert "data-pick" in answer.text


def test_a_viewer_gets_no_means_to_upload(client, project, vic):
    client.force_login(vic)
    answer = client.get(project.get_absolute_url())
    assert answer.status_code == 200
    assert "data-pick" not in answer.text
    assert "tus.min.js" not in answer.text


def test_a_stranger_gets_404(client, project, zoe):
    client.force_login(zoe)
    assert client.get(project.get_absolute_url()).status_code == 404
    assert client.get(project.get_absolute_url(), {"part": "list"}).status_code == 404


def test_no_nm_without_a_calibration_in_force(page, project):
    bare = make_acquisition(project, name="bare.tif")
    make_frame(bare)
    reading_alone = make_acquisition(project, name="reading.tif")
    make_frame(reading_alone)
    make_calibration(reading_alone, 0.7, is_adopted=False)
    withdrawn = make_acquisition(project, name="withdrawn.tif")
    make_frame(withdrawn)
    make_calibration(withdrawn, 0.7)
    source = Calibration.Source.WITHDRAWN
    make_calibration(withdrawn, None, source=source)
    diffraction = make_acquisition(project, name="diffraction.tif")
    make_frame(diffraction, unsizeable_reason="A diffraction pattern.")
    make_calibration(diffraction, 0.7)
    answer = page()
    states = {row.acquisition.name: row.calibration for row in answer.context["rows"]}
    assert states == {
        "bare.tif": "none", "reading.tif": "none", "withdrawn.tif": "none", "diffraction.tif": "unsizeable"
    }  # fmt: skip
    assert "nm/px" not in answer.text
    assert len(re.findall(r">\s*uncalibrated\b", answer.text)) == 3 + 1  # and the filter's choice


def test_the_pixel_size_in_force_is_shown(page, project):
    one = make_acquisition(project, name="one.tif")
    make_frame(one)
    make_calibration(one, 0.5)
    make_calibration(one, 0.32889)
    per_frame = make_acquisition(project, name="per-frame.tif")
    frames = [make_frame(per_frame), make_frame(per_frame)]
    make_calibration(per_frame, 1.0, frame=frames[0])
    make_calibration(per_frame, 2.0, frame=frames[1])
    text = page().text
    assert "0.32889 nm/px" in text, "as on the image's own page"
    assert "0.5 nm/px" not in text
    assert "1 to 2 nm/px" in text
    make_calibration(per_frame, 3.0)  # of all frames, and newer
    assert "3 nm/px" in page().text


def test_both_sides_of_a_pixel_that_is_not_square_are_shown(page, project, member_client):
    oblong = make_acquisition(project, name="oblong.tif")
    make_frame(oblong)
    make_calibration(oblong, 0.123456, pixel_size_y_nm=0.234567)
    varied = make_acquisition(project, name="varied.tif")
    for nm in (1.0, 1.5):
        make_calibration(varied, nm, pixel_size_y_nm=2 * nm, frame=make_frame(varied))
    nearly = make_acquisition(project, name="nearly.tif")
    make_frame(nearly)
    make_calibration(nearly, 0.7, pixel_size_y_nm=0.7000001)  # float32: the same
    text = page().text
    assert text.count("0.12346 × 0.23457 nm/px") == 2  # read out, too
    assert "0.12346 × 0.23457 nm/px" in member_client.get(oblong.get_absolute_url()).text
    assert "1 × 2 to 1.5 × 3 nm/px" in text
    assert "</svg> 0.7 nm/px" in text


def test_a_conflict_is_shown_and_no_number(page, project):
    acquisition = make_acquisition(project)
    make_frame(acquisition, calibration_conflict="The tag reads 2.02 nm/px but the other reads 1.5277 nm/px.")
    make_calibration(acquisition, 2.02, is_adopted=False)
    text = page().text
    assert "calibration in conflict" in text
    assert "</svg> 2.02 nm/px" not in text


def test_search_finds_names_instruments_and_metadata(page, project):
    make_acquisition(project, name="Au_001.dm4", instrument="Titan 80-300")
    make_acquisition(project, name="Pt.dm4", metadata={"Holder": {"name": "Protochips Atmosphere"}})
    assert names(page(q="au_0")) == ["Au_001.dm4"]
    assert names(page(q=".dm4 titan")) == ["Au_001.dm4"]
    assert names(page(q="titan 001")) == ["Au_001.dm4"]
    assert names(page(q="protochips")) == ["Pt.dm4"]
    assert names(page(q="titan protochips")) == []
    assert "Nothing fits" in page(q="100 %_").text


def test_search_finds_words_by_how_they_begin(page, project):
    make_acquisition(project, name="plain.tif", metadata={"IsTrue": "True", "gasPressure": 1013})
    make_acquisition(project, name="Pd-Ru_IMG0042.tif", metadata={"phase": "βPhase (Größe 5)"})
    for words, found in [
        ("Ru", ["Pd-Ru_IMG0042.tif"]),
        ("rue", []),
        ("tru", ["plain.tif"]),
        ("pressure 1013", ["plain.tif"]),
        ("13", []),
        ("0042", ["Pd-Ru_IMG0042.tif"]),
        ("42", []),
        ("GRÖSS", []),
        ("größe", ["Pd-Ru_IMG0042.tif"]),
        ("öße", []),  # letters beyond ASCII are letters to the database as well
        ("(", ["Pd-Ru_IMG0042.tif"]),
        ("[^a]*|.", []),
    ]:
        assert names(page(q=words)) == found, words


def test_search_uses_the_trigram_index(project):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = search(Acquisition.objects.order_by(), "protochips ru").explain()
    assert "Bitmap Index Scan on acquisition_search" in plan
    assert "~~ '%protochips%'" in plan.split("Recheck")[0] + plan.partition("Index Cond")[2]


def test_filters_narrow_the_list(page, project):
    day = timezone.datetime(2026, 10, 3, 12, tzinfo=timezone.get_current_timezone())
    a = make_acquisition(
        project, name="a", voltage_kv=80, detector="HAADF", gas="H2", acquired_at=day, instrument="Titan"
    )
    make_particle(make_layer(make_frame(a)))
    make_calibration(a)
    b = make_acquisition(project, name="b", voltage_kv=300)
    make_particle(make_layer(make_frame(b, calibration_conflict="They disagree."), kind="suggestion"))
    make_acquisition(project, name="c", status=Acquisition.Status.REFUSED, message="It is a spectrum.")
    for query, found in [
        ({"voltage_kv": "80"}, ["a"]),
        ({"voltage_kv": "300"}, ["b"]),
        ({"detector": "HAADF"}, ["a"]),
        ({"gas": "H2"}, ["a"]),
        ({"instrument": "Titan"}, ["a"]),
        ({"since": "2026-10-03", "until": "2026-10-03"}, ["a"]),
        ({"since": "2026-10-04"}, []),
        ({"calibration": "adopted"}, ["a"]),
        ({"calibration": "conflict"}, ["b"]),
        ({"calibration": "none"}, []),
        ({"work": "drawn"}, ["a"]),
        ({"work": "open"}, ["b"]),
        ({"status": "refused"}, ["c"]),
        ({"q": "spectrum"}, ["c"]),
    ]:
        assert names(page(**query)) == found, query


def test_nonsense_in_a_filter_filters_nothing_and_is_said(page, project):
    make_acquisition(project, name="a")
    for query in ({"voltage_kv": "abc"}, {"since": "tomorrow"}, {"sort": "sha256"}, {"calibration": "x"}):
        answer = page(**query)
        assert (answer.status_code, names(answer)) == (200, ["a"])
        assert answer.context["form"].errors


def test_it_is_sorted(page, project):
    for name, voltage in [("b", 80), ("a", 300), ("c", 200)]:
        make_acquisition(project, name=name, voltage_kv=voltage)
    assert names(page(sort="name")) == ["a", "b", "c"]
    assert names(page(sort="voltage_kv")) == ["b", "c", "a"]
    assert names(page()) == ["c", "a", "b"]


def test_the_part_alone_is_the_list_without_the_page(page, project):
    for number in range(50):
        make_acquisition(project, name=f"{number}.tif")
    answer = page(part="list", sort="name")
    assert "<html" not in answer.text
    assert answer.text.count('data-acquisition="') == 48
    assert "part=list" not in answer.text  # its links lead to whole pages
    assert "sort=name&amp;page=2" in answer.text
    assert "page=1" in page(page=2).text


@pytest.mark.parametrize("view", ["grid", "list"])
def test_a_page_takes_the_same_few_queries_whatever_is_on_it(
    page, project, view, django_assert_max_num_queries
):
    for _ in range(30):
        acquisition = make_acquisition(project)
        make_calibration(acquisition)
        for _ in range(2):
            make_particle(make_layer(make_frame(acquisition)))
    with django_assert_max_num_queries(20):
        answer = page(view=view)
    assert len(answer.context["rows"]) == 30
