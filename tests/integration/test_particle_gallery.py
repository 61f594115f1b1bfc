import io

import numpy as np
import pytest
from django.urls import reverse
from PIL import Image

from analysis.figures.crop import OUTLINE, SIDE_OUT_PX, STRIP_PX, bar_length
from annotations.display.tiles import write_tiles
from annotations.models import Particle
from annotations.services.pixels import tiles_path
from tests.factories import make_layer, make_particle
from tests.sized import make_disc, make_sized_frame


@pytest.fixture
def frame(project):
    """512 x 512, dark, with a bright disc of 40 px at (256, 128)."""
    frame = make_sized_frame(project, [])
    row, column = np.mgrid[:512, :512] + 0.5
    image = np.full((512, 512), 100, np.uint16)
    image[(column - 256) ** 2 + (row - 128) ** 2 < 20**2] = 3000
    write_tiles(image, tiles_path(frame))
    return frame


@pytest.fixture
def particle(frame):
    return make_disc(
        frame.layers.get(),
        40,
        at=(256, 128),
        calibration=frame.acquisition.calibrations.get(),
        aspect_ratio=1,
    )


def picture_of(response):
    return np.asarray(Image.open(io.BytesIO(response.content)).convert("RGB")).astype(int)


def test_it_works(member_client, project, particle):
    response = member_client.get(reverse("project-particles", args=[project.pk]))
    assert response.status_code == 200
    assert reverse("particle-crop", args=[particle.pk]) in response.text
    assert f"{particle.layer.frame.get_absolute_url()}?particle={particle.pk}" in response.text
    assert "20.00 nm" in response.text


def test_a_crop_shows_the_particle_with_its_outline_and_a_scale_bar(member_client, particle):
    response = member_client.get(reverse("particle-crop", args=[particle.pk]))
    assert response["Content-Type"] == "image/png"
    picture = picture_of(response)
    assert picture.shape == (SIDE_OUT_PX + STRIP_PX, SIDE_OUT_PX, 3)
    middle = SIDE_OUT_PX // 2
    assert picture[middle, middle].min() > 200, "the disc is bright"
    assert picture[10, 10].max() < 60, "the ground is dark"
    # The crop is 1.9 times the box: the outline stands at 1/1.9 of the half side from the middle.
    edge = middle + round(middle / 1.9)
    ring = picture[middle, edge - 4 : edge + 5]
    assert np.abs(ring - OUTLINE).sum(axis=1).min() < 60, "the outline lies on the disc's edge"
    # 40 px across: 76 px of the frame on 192, and the longest bar within 40 % of them is 10 nm, 20 px.
    strip = picture[SIDE_OUT_PX:].min(axis=2)
    assert (strip[STRIP_PX // 2] > 200)[:80].sum() == pytest.approx(20 * SIDE_OUT_PX / 76, abs=1)
    assert strip[[0, -1]].max() == 0, "the bar and its length stand in the strip"


def test_a_crop_at_the_frames_corner_stays_within_the_image(member_client, frame):
    corner = make_particle(frame.layers.get(), x=0, y=500, width=12, height=12)
    picture = picture_of(member_client.get(reverse("particle-crop", args=[corner.pk])))
    assert picture.shape == (SIDE_OUT_PX + STRIP_PX, SIDE_OUT_PX, 3)


def test_a_crop_larger_than_the_frame_is_framed_in_grey(member_client, frame):
    whole = make_particle(frame.layers.get(), x=0, y=0, width=512, height=512)
    assert member_client.get(reverse("particle-crop", args=[whole.pk])).status_code == 200


def test_a_stranger_gets_no_crop(client, zoe, particle):
    url = reverse("particle-crop", args=[particle.pk])
    assert client.get(url).status_code == 302
    client.force_login(zoe)
    assert client.get(url).status_code == 404


def test_a_viewer_gets_the_crop(client, vic, particle):
    client.force_login(vic)
    assert client.get(reverse("particle-crop", args=[particle.pk])).status_code == 200


def test_an_unchanged_crop_is_not_sent_twice_but_a_changed_one_is(member_client, particle):
    url = reverse("particle-crop", args=[particle.pk])
    etag = member_client.get(url)["ETag"]
    assert member_client.get(url, headers={"If-None-Match": etag}).status_code == 304
    Particle.objects.filter(pk=particle.pk).update(version=2)
    assert member_client.get(url, headers={"If-None-Match": etag}).status_code == 200


def test_a_frame_without_stored_pixels_gives_no_crop_and_no_crash(member_client, project):
    particle = make_particle(make_layer(make_sized_frame(project, []), kind="suggestion"))
    assert member_client.get(reverse("particle-crop", args=[particle.pk])).status_code == 404


def test_the_gallery_is_paged_and_ordered_by_size(member_client, project, frame):
    calibration, layer = frame.acquisition.calibrations.get(), frame.layers.get()
    for k in range(65):
        make_disc(layer, 20 + k / 10, calibration=calibration)
    url = reverse("project-particles", args=[project.pk])
    first = member_client.get(url).context["page"]
    sizes = [particle.ecd_nm for particle in first]
    assert (len(sizes), sizes) == (60, sorted(sizes, reverse=True))
    assert len(member_client.get(url, {"page": 2}).context["page"]) == 5
    smallest = member_client.get(url, {"order": "smallest"}).context["page"][0]
    assert smallest.ecd_nm == pytest.approx(10)


def test_a_range_of_sizes_is_named_and_bad_ones_are_refused(member_client, project, particle):
    url = reverse("project-particles", args=[project.pk])
    response = member_client.get(url, {"ecd_nm_min": "19.5", "ecd_nm_below": "20.5"})
    assert "ECD 19.50 to 20.50 nm" in response.text
    assert response.context["page"].paginator.count == 1
    response = member_client.get(url, {"ecd_nm_min": "large"})
    assert response.status_code == 400
    assert "Enter a number" in response.text


@pytest.mark.parametrize(
    ("longest", "expected"), [(9.9, 5), (10, 10), (19, 10), (20, 20), (0.7, 0.5), (4999, 2000)]
)
def test_a_scale_bar_has_a_round_length(longest, expected):
    assert bar_length(longest) == pytest.approx(expected)


def test_an_empty_project_says_what_to_do(member_client, project):
    page = member_client.get(reverse("project-particles", args=[project.pk]))
    assert page.status_code == 200
    assert "No particles here yet" in page.text
    assert "cannot be listed" not in page.text


def test_rules_that_nothing_fits_are_told_from_an_empty_project(member_client, project, particle):
    page = member_client.get(reverse("project-particles", args=[project.pk]), {"ecd_px_min": "9999"})
    assert "No particle fits" in page.text
    assert "cannot be listed" not in page.text
