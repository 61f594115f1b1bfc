"""Calibrations are versions; sizes in nm follow what is in force, and nothing else."""

import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from annotations.models import Acquisition, Calibration, Particle
from annotations.services import calibrate
from annotations.services.calibrate import adopt_reading, from_scale_bar, record_readings, type_in, withdraw
from tests.factories import make_acquisition, make_frame, make_layer, make_particle

pytestmark = pytest.mark.django_db
SQUARE = [[10, 20], [40, 20], [40, 60], [10, 60]]


@pytest.fixture
def acquisition(project):
    return make_acquisition(project)


@pytest.fixture
def frame(acquisition):
    return make_frame(acquisition)


@pytest.fixture
def particle(frame):
    return make_particle(make_layer(frame), outline=SQUARE)


def reading(reader, x_nm, y_nm=None, **over):
    return {"reader": reader, "x_nm": x_nm, "y_nm": y_nm or x_nm, "detail": "tag", **over}


def area_nm2(particle):
    particle.refresh_from_db()
    return particle.area_nm2


def in_force(frame):
    frame.refresh_from_db()
    return Calibration.objects.current_for(frame)


def test_readers_that_agree_are_adopted_without_a_person(acquisition, frame):
    readings = [reading("one", 0.5), reading("two", 0.5 * (1 + 1e-6), is_second=True)]
    record_readings(acquisition=acquisition, frames=[frame], readings=readings)
    rows = list(acquisition.calibrations.order_by("version"))
    assert [(row.version, row.source, row.is_adopted, row.author) for row in rows] == [
        (1, "tag", True, None),
        (2, "second_reader", False, None),
    ]
    assert in_force(frame) == rows[0]
    assert not Acquisition.objects.calibration_conflicts().exists()


def test_readers_that_disagree_mark_the_file_and_size_nothing(acquisition, frame, particle):
    readings = [reading("one", 2.02), reading("two", 1.5277, is_second=True)]
    record_readings(acquisition=acquisition, frames=[frame], readings=readings)
    assert in_force(frame) is None
    assert "one reads 2.02 nm/px" in frame.calibration_conflict
    assert list(Acquisition.objects.calibration_conflicts()) == [acquisition]
    assert area_nm2(particle) is None


def test_choosing_a_reading_settles_the_conflict_and_sizes_the_particles(acquisition, frame, particle, mia):
    record_readings(
        acquisition=acquisition, frames=[frame], readings=[reading("one", 2), reading("two", 1.5)]
    )
    chosen = acquisition.calibrations.get(pixel_size_x_nm=1.5)
    row = adopt_reading(by=mia, calibration=chosen)
    assert (row.version, row.author, row.source) == (3, mia, chosen.source)
    assert in_force(frame) == row
    assert frame.calibration_conflict == ""
    assert area_nm2(particle) == pytest.approx(30 * 40 * 1.5**2)
    assert particle.calibration == row


def test_frames_of_different_sizes_have_their_own(acquisition):
    frames = [make_frame(acquisition) for _ in range(3)]
    readings = [reading("one", 1.0 + i, frame_index=i) for i in range(3)]
    record_readings(acquisition=acquisition, frames=frames, readings=readings)
    assert [in_force(frame).pixel_size_x_nm for frame in frames] == [1, 2, 3]


def test_a_conflict_on_one_frame_leaves_the_others_sized(acquisition):
    frames = [make_frame(acquisition) for _ in range(2)]
    readings = [reading("one", 1.0), reading("two", 1.0, frame_index=0), reading("two", 3.0, frame_index=1)]
    record_readings(acquisition=acquisition, frames=frames, readings=readings)
    assert in_force(frames[0]).pixel_size_x_nm == 1
    assert in_force(frames[1]) is None
    assert frames[1].calibration_conflict


def test_a_diffraction_pattern_is_never_sized(acquisition, mia):
    pattern = make_frame(acquisition, unsizeable_reason="A diffraction pattern.")
    particle = make_particle(make_layer(pattern), outline=SQUARE)
    record_readings(acquisition=acquisition, frames=[pattern], readings=[reading("one", 1.0)])
    assert not acquisition.calibrations.exists()
    type_in(by=mia, acquisition=acquisition, pixel_size_x_nm=1.0)
    assert in_force(pattern) is None
    assert area_nm2(particle) is None


def test_oblong_pixels_are_warned_of(acquisition, frame):
    record_readings(acquisition=acquisition, frames=[frame], readings=[reading("one", 1.0, 1.2)])
    acquisition.refresh_from_db()
    assert in_force(frame).pixel_size_y_nm == 1.2
    assert "not square" in acquisition.notes[0]


def test_a_correction_is_a_new_version_and_the_old_one_stays(acquisition, frame, particle, mia):
    first = type_in(by=mia, acquisition=acquisition, pixel_size_x_nm=1.0)
    assert area_nm2(particle) == pytest.approx(1200)
    second = type_in(by=mia, acquisition=acquisition, pixel_size_x_nm=2.0, relative_uncertainty=0.01)
    assert area_nm2(particle) == pytest.approx(4800)
    first.refresh_from_db()
    assert (first.version, first.pixel_size_x_nm, second.version) == (1, 1.0, 2)


def test_withdrawing_empties_every_nm_and_keeps_the_pixels(acquisition, frame, particle, mia):
    type_in(by=mia, acquisition=acquisition, pixel_size_x_nm=1.0)
    withdraw(by=mia, acquisition=acquisition, detail="wrong standard")
    assert in_force(frame) is None
    assert area_nm2(particle) is None
    assert (particle.ecd_nm, particle.feret_max_nm, particle.calibration) == (None, None, None)
    assert particle.area_px2 == pytest.approx(1200)


def test_a_frame_may_have_its_own_until_a_newer_one_speaks_of_all(acquisition, mia):
    one, other = make_frame(acquisition), make_frame(acquisition)
    type_in(by=mia, acquisition=acquisition, pixel_size_x_nm=1.0)
    type_in(by=mia, acquisition=acquisition, frame=one, pixel_size_x_nm=2.0)
    assert (in_force(one).pixel_size_x_nm, in_force(other).pixel_size_x_nm) == (2, 1)
    type_in(by=mia, acquisition=acquisition, pixel_size_x_nm=3.0)
    assert (in_force(one).pixel_size_x_nm, in_force(other).pixel_size_x_nm) == (3, 3)


def test_a_scale_bar_carries_its_uncertainty(acquisition, frame, mia):
    row = from_scale_bar(by=mia, acquisition=acquisition, length_px=400, length_nm=100, end_half_width_px=2)
    assert row.pixel_size_x_nm == 0.25
    assert row.relative_uncertainty == pytest.approx((2 / 3) ** 0.5 * 2 / 400)
    assert row.detail == "Bar of 100 nm read as 400 ± 2 px at each end"


@pytest.mark.parametrize("size", [0, -1, float("nan"), float("inf"), 1e-9, 1e9, None])
def test_a_pixel_size_that_cannot_be_is_refused(acquisition, frame, mia, size):
    with pytest.raises(ValidationError, match=r"A pixel size is a number from 0\.0001 to 1e"):
        type_in(by=mia, acquisition=acquisition, pixel_size_x_nm=size)
    assert not acquisition.calibrations.exists()


def test_an_uncertainty_is_a_fraction(acquisition, frame, mia):
    with pytest.raises(ValidationError, match="fraction from 0 to below 1"):
        type_in(by=mia, acquisition=acquisition, pixel_size_x_nm=1.0, relative_uncertainty=1.5)


def test_a_file_that_is_not_read_yet_is_not_calibrated(project, mia):
    waiting = make_acquisition(project, status="queued")
    with pytest.raises(ValidationError, match="has no images yet"):
        type_in(by=mia, acquisition=waiting, pixel_size_x_nm=1.0)


def test_a_frame_of_another_file_is_refused(acquisition, project, mia):
    other = make_frame(make_acquisition(project))
    with pytest.raises(ValidationError, match="of another file"):
        type_in(by=mia, acquisition=acquisition, frame=other, pixel_size_x_nm=1.0)


def test_many_outlines_are_emptied_at_once_and_sized_by_a_worker(
    acquisition, frame, particle, mia, monkeypatch, django_capture_on_commit_callbacks
):
    type_in(by=mia, acquisition=acquisition, pixel_size_x_nm=1.0)
    monkeypatch.setattr(calibrate, "AT_ONCE", 0)
    queued = []
    monkeypatch.setattr("annotations.tasks.remeasure_task.delay_on_commit", queued.append)
    type_in(by=mia, acquisition=acquisition, pixel_size_x_nm=2.0)
    assert area_nm2(particle) is None
    assert queued == [acquisition.pk]
    calibrate.remeasure_under_lock(acquisition_pk=acquisition.pk)
    assert area_nm2(particle) == pytest.approx(4800)


@pytest.mark.django_db(transaction=True)
def test_people_at_the_same_moment_get_a_version_each(acquisition, frame, mia):
    def decide(size):
        try:
            type_in(by=mia, acquisition=acquisition, pixel_size_x_nm=size)
        finally:
            connection.close()

    threads = [threading.Thread(target=decide, args=[1.0 + i]) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(acquisition.calibrations.values_list("version", flat=True)) == [1, 2, 3, 4, 5, 6]
    assert Particle.objects.count() == 0
