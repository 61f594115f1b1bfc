"""An EMI's voltage and magnification reach the SER files beside it, whichever is uploaded first."""

import numpy as np
import pytest

from annotations.models import Acquisition
from annotations.services.import_acquisition import import_acquisition
from annotations.services.run_import import run_import
from tests.factories import make_project
from tests.unit.instruments.files import write_emi, write_ser

pytestmark = pytest.mark.django_db


def settings_of(voltage_kv, magnification):
    return {
        "Microscope": ("Microscope Titan 300 kV", ""),
        "Mode": ("TEM nP SA Zoom Image", ""),
        "High tension": (voltage_kv, "kV"),
        "Magnification": (magnification, "x"),
    }


@pytest.fixture
def files(tmp_path):
    write_emi(tmp_path / "Gold.emi", settings_of(300, 59000), settings_of(80, 12000))
    for number in (1, 2, 3):
        image = np.random.default_rng(number).integers(0, 4000, (40, 50)).astype(np.uint16)
        write_ser(tmp_path / f"gold_{number}.ser", [image], [2e-10])
    return tmp_path


@pytest.fixture
def take(project, mia, django_capture_on_commit_callbacks):
    def take(path, to=project):
        found = import_acquisition(by=mia, project=to, path=path, name=path.name, keep_source=True)
        run_import(acquisition_pk=found.acquisition.pk)
        return found.acquisition

    return take


@pytest.mark.parametrize("order", [["Gold.emi", "gold_1.ser"], ["gold_1.ser", "Gold.emi"]])
def test_the_settings_are_taken_over(take, files, order):
    rows = {name: take(files / name) for name in order}
    for row in rows.values():
        row.refresh_from_db()
    ser, emi = rows["gold_1.ser"], rows["Gold.emi"]
    assert (ser.status, ser.voltage_kv, ser.magnification) == (Acquisition.Status.READY, 300, 59000)
    assert (ser.instrument, ser.detector, ser.exposure_s) == ("Titan 300 kV", "BM-UltraScan", 0.5)
    assert ser.acquired_at.year == 2020  # the SER's own
    assert ser.notes == ["What the SER does not tell (voltage, magnification) is from “Gold.emi”."]
    assert "titan" in ser.search_text
    assert ser.calibrations.first().pixel_size_x_nm == pytest.approx(0.2)
    assert emi.status == Acquisition.Status.REFUSED
    assert "of the SER files beside it" in emi.message


def test_each_ser_has_its_own_object(take, files):
    take(files / "Gold.emi")
    second, third = take(files / "gold_2.ser"), take(files / "gold_3.ser")
    second.refresh_from_db()
    third.refresh_from_db()
    assert (second.voltage_kv, second.magnification) == (80, 12000)
    assert (third.voltage_kv, third.notes) == (None, [])


def test_an_emi_twice_says_no_more(take, files):
    ser = take(files / "gold_1.ser")
    take(files / "Gold.emi")
    take(files / "Gold.emi")
    ser.refresh_from_db()
    assert len(ser.notes) == 1


def test_nothing_crosses_projects_or_names(take, files, mia):
    take(files / "Gold.emi", to=make_project(mia, name="Another"))
    ser = take(files / "gold_1.ser")
    (files / "Gol.emi").write_bytes((files / "Gold.emi").read_bytes())
    take(files / "Gol.emi")
    ser.refresh_from_db()
    assert (ser.voltage_kv, ser.notes) == (None, [])
