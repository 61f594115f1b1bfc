import numpy as np
import pytest

from annotations.models import Acquisition, Membership
from tests.factories import make_acquisition, make_calibration, make_frame, make_project
from tests.stored import make_stored_frame

PARTS = ["", "strip", "thumbnail", "values?x=1&y=2", "histogram", "tiles/0/0/0"]


@pytest.fixture
def image():
    return np.random.default_rng(5).integers(100, 4000, (600, 700)).astype(np.uint16)


@pytest.fixture
def frame(project, image):
    return make_stored_frame(make_acquisition(project, name="gold.tif"), image)


def url(frame, part=""):
    return f"/api/v1/frames/{frame.pk}/{part}"


def test_it_works(member_client, frame):
    found = member_client.get(url(frame)).json()
    assert (found["name"], found["width_px"], found["height_px"], found["n_levels"]) == (
        "gold.tif",
        700,
        600,
        2,
    )
    assert (found["dtype"], found["value_offset"], found["value_step"]) == ("uint16", 0, 1)
    assert found["tiles_url"] == f"/api/v1/frames/{frame.pk}/tiles/"
    assert set(found["percentiles"]) == {"0.1", "0.5", "1", "50", "99", "99.5", "99.9"}


@pytest.mark.parametrize("part", PARTS)
def test_a_member_sees_all_a_stranger_and_a_former_member_nothing(client, frame, mia, zoe, project, part):
    client.force_login(mia)
    assert client.get(url(frame, part)).status_code == 200
    Membership.objects.filter(user=mia).delete()
    assert client.get(url(frame, part)).status_code == 404
    client.force_login(zoe)
    assert client.get(url(frame, part)).status_code == 404
    client.logout()
    assert client.get(url(frame, part)).status_code == 401


@pytest.mark.parametrize("part", PARTS)
def test_a_frame_still_being_imported_is_not_shown(member_client, frame, part):
    Acquisition.objects.update(status=Acquisition.Status.IMPORTING)
    assert member_client.get(url(frame, part)).status_code == 404


def test_tiles_are_the_pixels_at_full_depth(member_client, frame, image):
    answer = member_client.get(url(frame, "tiles/0/1/1"))
    assert answer["Content-Type"] == "application/octet-stream"
    np.testing.assert_array_equal(np.frombuffer(answer.content, "<u2").reshape(88, 188), image[512:, 512:])


def test_a_tile_is_kept_for_ever_by_who_may_see_it(member_client, frame):
    answer = member_client.get(url(frame, "tiles/1/0/0"))
    assert answer["Cache-Control"] == "private, max-age=31536000, immutable"
    assert "Cookie" in answer["Vary"]
    again = member_client.get(url(frame, "tiles/1/0/0"), headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_known_tile_is_not_confirmed_to_a_stranger(client, frame, zoe):
    client.force_login(zoe)
    etag = f'"{frame.pk}-0-0-0"'
    assert client.get(url(frame, "tiles/0/0/0"), headers={"If-None-Match": etag}).status_code == 404


@pytest.mark.parametrize("place", ["2/0/0", "0/2/0", "0/0/2", "99999999999/0/0"])
def test_a_tile_that_is_not_there_is_not_found(member_client, frame, place):
    answer = member_client.get(url(frame, f"tiles/{place}"))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_tile_asks_the_database_once_for_the_permission(member_client, frame, django_assert_num_queries):
    with django_assert_num_queries(3):  # session, user, permission
        member_client.get(url(frame, "tiles/0/0/0"))


def test_values_are_as_the_instrument_stored_them(member_client, project, frame, image):
    assert member_client.get(url(frame, "values?x=650&y=599")).json()["value"] == image[599, 650]
    floats = np.linspace(0, 1e-3, 100, dtype=np.float32).reshape(10, 10)
    floats[4, 5], floats[4, 6] = np.nan, np.inf
    other = make_stored_frame(frame.acquisition, floats)
    assert not other.is_exact
    assert member_client.get(url(other, "values?x=7&y=3")).json()["value"] == floats[3, 7].item()
    assert member_client.get(url(other, "values?x=5&y=4")).json() == {
        "x": 5,
        "y": 4,
        "value": None,
        "text": "nan",
    }
    assert member_client.get(url(other, "values?x=6&y=4")).json()["text"] == "inf"


@pytest.mark.parametrize(
    ("query", "words"),
    [("x=700&y=0", "no pixel"), ("x=0&y=600", "no pixel"), ("x=-1&y=0", "x"), ("x=a&y=0", "x"), ("x=1", "y")],
)
def test_values_outside_are_refused_with_a_sentence(member_client, frame, query, words):
    answer = member_client.get(url(frame, f"values?{query}"))
    assert answer.status_code == 400
    assert words in answer.json()["detail"]


def test_the_histogram_counts_every_pixel_at_full_depth(member_client, frame, image):
    found = member_client.get(url(frame, "histogram?full=1&bins=4096")).json()
    assert sum(found["counts"]) == image.size
    assert (found["low"], found["bin_width"]) == (image.min() - 0.5, 1)
    assert found["counts"][int(image[3, 3]) - image.min()] == (image == image[3, 3]).sum()


def test_the_histogram_of_a_range(member_client, frame, image):
    found = member_client.get(url(frame, "histogram?low=200&high=299&bins=10")).json()
    assert len(found["counts"]) == 10
    assert sum(found["counts"]) == ((image >= 200) & (image <= 299)).sum()


@pytest.mark.parametrize("query", ["low=5&high=1", "bins=0", "bins=1000000", "low=nan", "low=inf", "high=x"])
def test_an_impossible_histogram_is_refused(member_client, frame, query):
    assert member_client.get(url(frame, f"histogram?{query}")).status_code == 400


def test_the_calibration_in_force_comes_with_its_source(member_client, frame, mia):
    make_calibration(frame.acquisition, 0.2)
    make_calibration(frame.acquisition, 0.25, source="scale_bar", author=mia, relative_uncertainty=0.004)
    found = member_client.get(url(frame)).json()
    assert (found["calibration_state"], found["calibration_reason"]) == ("adopted", "")
    assert found["calibration"]["pixel_size_x_nm"] == 0.25
    assert (found["calibration"]["version"], found["calibration"]["author"]) == (2, "mia")
    assert found["calibration"]["source_label"] == "Scale bar"


@pytest.mark.parametrize(
    ("columns", "calibration", "state", "words"),
    [
        ({}, None, "none", "no pixel size"),
        (
            {},
            {"source": "withdrawn", "pixel_size_x_nm": None, "pixel_size_y_nm": None},
            "withdrawn",
            "withdrawn",
        ),
        ({"unsizeable_reason": "This is a diffraction pattern."}, {}, "unsizeable", "diffraction"),
        ({"calibration_conflict": "One says 1, one says 2 nm/px."}, None, "conflict", "One says"),
    ],
)
def test_without_a_calibration_there_is_a_reason_and_no_nm(
    member_client, frame, columns, calibration, state, words
):
    for name, value in columns.items():
        setattr(frame, name, value)
    frame.save()
    if calibration is not None:
        make_calibration(frame.acquisition, **calibration)
    found = member_client.get(url(frame)).json()
    assert (found["calibration"], found["calibration_state"]) == (None, state)
    assert words in found["calibration_reason"]
    assert "_nm" not in str({key: found[key] for key in found if key != "calibrations_url"})


def test_neighbours_are_the_frames_of_the_stack_then_the_files_beside_it(
    member_client, project, frame, image
):
    small = image[:4, :4]
    stack = make_acquisition(project, name="movie.ser")
    frames = [make_stored_frame(stack, small) for _ in range(3)]
    newest = make_stored_frame(make_acquisition(project, name="last.tif"), small)
    make_frame(make_acquisition(project, status="importing"))
    order = [newest, *frames, frame]  # as the project lists its files: newest first
    for place, here in enumerate(order):
        found = member_client.get(url(here)).json()
        before = order[place - 1].pk if place else None
        after = order[place + 1].pk if place + 1 < len(order) else None
        assert (found["previous"], found["next"]) == (before, after)


def test_the_strip_of_a_stack_is_its_frames_else_the_projects_images(member_client, project, frame, image):
    stack = make_acquisition(project, name="movie.ser")
    frames = [make_stored_frame(stack, image[:4, :4]) for _ in range(3)]
    strip = member_client.get(url(frames[1], "strip")).json()
    assert strip == {"title": "Frames of movie.ser", "ids": [f.pk for f in frames], "labels": ["1", "2", "3"]}
    strip = member_client.get(url(frame, "strip")).json()
    assert strip["ids"] == [frames[0].pk, frame.pk]
    assert strip["labels"] == ["movie.ser", "gold.tif"]


def test_neighbours_never_leave_the_project(member_client, frame, zoe, image):
    make_stored_frame(make_acquisition(make_project(zoe, name="Other")), image[:4, :4])
    found = member_client.get(url(frame)).json()
    assert (found["previous"], found["next"]) == (None, None)
    assert member_client.get(url(frame, "strip")).json()["ids"] == [frame.pk]


def test_the_page_shows_the_frame_to_members_alone(client, frame, vic, zoe):
    client.force_login(vic)
    page = client.get(f"/frames/{frame.pk}/")
    assert page.status_code == 200
    assert page.context["page_data"]["may_edit"] is False
    assert b'id="bar-form"' not in page.content  # who may only look is offered no calibration
    client.force_login(zoe)
    assert client.get(f"/frames/{frame.pk}/").status_code == 404
    client.logout()
    assert client.get(f"/frames/{frame.pk}/").status_code == 302


def test_the_page_names_all_its_modules_at_once(member_client, frame):
    page = member_client.get(f"/frames/{frame.pk}/").content.decode()
    for module in ("pages/annotate.js", "canvas/viewer.js", "canvas/window_level.js", "lib/api.js"):
        assert 'rel="modulepreload" href="/static/' in page
        assert f"js/{module}" in page
    assert f'href="/api/v1/frames/{frame.pk}/tiles/1/0/0"' in page
