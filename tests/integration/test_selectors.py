import numpy as np
import pytest

from analysis.metrology.selection import select
from analysis.selectors import calibrations_named, particle_columns
from annotations.models import Particle
from tests.factories import make_acquisition, make_calibration, make_frame, make_layer, make_particle

SIZES = {"area_px2": 314.0, "ecd_px": 20.0, "feret_min_px": 19.0, "feret_max_px": 21.0, "aspect_ratio": 1.25}


@pytest.fixture
def frame(project):
    return make_frame(make_acquisition(project), width_px=640, height_px=480)


def test_rows_arrive_as_they_are_stored(frame):
    calibration = make_calibration(frame.acquisition, 0.5)
    layer = make_layer(frame)
    make_particle(layer)
    make_particle(
        layer,
        **SIZES,
        confidence=0.3,
        touches_border=True,
        calibration=calibration,
        ecd_nm=1 / 3,
        width=30.25,
    )
    columns = particle_columns(Particle.objects.all())
    first, second = np.argsort(columns.width_px)
    assert np.isnan([columns.ecd_px[first], columns.ecd_nm[first], columns.roundness[first]]).all()
    assert not columns.touches_border[first]
    assert columns.calibration[first] == 0
    assert columns.ecd_nm[second] == 1 / 3
    assert (columns.ecd_px[second], columns.aspect_ratio[second]) == (20, 1.25)
    assert columns.width_px[second] == 30.25
    assert np.isnan(columns.confidence[first])
    assert columns.confidence[second] == 0.3
    assert columns.touches_border[second]
    assert columns.frame.tolist() == [frame.pk] * 2
    assert columns.recording.tolist() == [frame.acquisition_id] * 2
    assert columns.calibration[second] == calibration.pk
    assert (columns.frame_width_px[0], columns.frame_height_px[0]) == (640, 480)
    assert list(calibrations_named(select(columns, border="include").calibrations)) == [calibration]


@pytest.mark.parametrize("nothing", ["no rows", "no query"])
def test_nothing_gives_empty_arrays(db, nothing):
    particles = Particle.objects.all() if nothing == "no rows" else Particle.objects.filter(pk__in=[])
    assert particle_columns(particles).ecd_nm.shape == (0,)


def test_values_with_quotes_and_percent_signs_reach_the_database_unharmed(frame):
    make_particle(make_layer(frame, name='50 % "o\'clock"'))
    assert particle_columns(Particle.objects.filter(layer__name='50 % "o\'clock"')).ecd_px.size == 1
