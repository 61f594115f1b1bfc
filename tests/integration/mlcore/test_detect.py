"""`manage.py detect`: tables of files, no site, no database, no traceback."""

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from django.core.management import CommandError, call_command
from PIL import Image

from mlcore.inference.engine import DEFAULT_ENGINE
from mlcore.inference.table import write_table
from tests import phantoms

HEADER = [
    "x", "y", "width", "height", "label", "confidence", "diameter_nm", "aspect_ratio", "roundness",
    "diameter_low_nm", "diameter_high_nm", "aspect_ratio_low", "aspect_ratio_high", "roundness_low",
    "roundness_high",
]  # fmt: skip
DISCS = [(40, 40, 20), (100, 60, 30), (60, 120, 24)]
MANAGE = Path(__file__).parents[3] / "manage.py"


@pytest.fixture
def image():
    return (phantoms.micrograph(160, DISCS) * 1000).astype(np.uint16)


@pytest.fixture
def calibrated(tmp_path, image):
    """An ImageJ TIFF of 0.5 nm/px."""
    path = tmp_path / "gold.tif"
    tifffile.imwrite(path, image, imagej=True, resolution=(2, 2), metadata={"unit": "nm"})
    return path


def detect(*arguments, capsys):
    code = 0
    try:
        call_command("detect", *map(str, arguments))
    except SystemExit as end:
        code = end.code
    return code, capsys.readouterr().err


def table(path):
    with open(path, newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == HEADER
    return [dict(zip(HEADER, row, strict=True)) for row in rows[1:]]


# Flat discs have harder edges than the spheres that networks learnt from, and seem a little larger to them.
@pytest.mark.parametrize(
    ("engine", "tolerance", "px"), [("classical", 0.02, 0.6), (DEFAULT_ENGINE, 0.05, 1.5)]
)
def test_it_works(calibrated, tmp_path, capsys, engine, tolerance, px):
    code, said = detect(calibrated, "--engine", engine, "--out", tmp_path / "new" / "out", capsys=capsys)
    assert code == 0, said
    rows = table(tmp_path / "new" / "out" / "gold.csv")
    sizes = sorted(float(row["diameter_nm"]) for row in rows)
    assert sizes == pytest.approx([10, 12, 15], rel=tolerance)
    for row in rows:
        assert 1 <= float(row["aspect_ratio"]) < 1.1
        assert 0.9 < float(row["roundness"]) <= 1
        assert 0 < float(row["confidence"]) <= 1
        assert row["label"] == "nanoparticle"
    first = min(rows, key=lambda row: float(row["x"]))
    assert [float(first[name]) for name in HEADER[:4]] == pytest.approx([30, 30, 20, 20], abs=px)


def test_without_a_calibration_the_nm_column_is_empty(image, tmp_path, capsys):
    Image.fromarray(image).save(tmp_path / "plain.png")
    code, _ = detect(tmp_path / "plain.png", "--out", tmp_path, capsys=capsys)
    rows = table(tmp_path / "plain.csv")
    assert code == 0
    assert len(rows) == 3
    assert {row["diameter_nm"] for row in rows} == {""}
    assert all(float(row["aspect_ratio"]) >= 1 for row in rows)


def test_a_pixel_size_given_is_used_and_said_where_the_file_differs(calibrated, tmp_path, capsys):
    code, said = detect(calibrated, "--out", tmp_path, "--pixel-size-nm", "2", capsys=capsys)
    assert code == 0
    assert "itself says 0.5 nm/px; the 2 given is used" in said
    given = [float(row["diameter_nm"]) for row in table(tmp_path / "gold.csv")]
    detect(calibrated, "--out", tmp_path / "own", capsys=capsys)
    own = [float(row["diameter_nm"]) for row in table(tmp_path / "own" / "gold.csv")]
    assert len(own) == 3
    assert given == pytest.approx([4 * one for one in own], abs=0.005)


def test_frames_of_a_stack_are_numbered(image, tmp_path, capsys):
    tifffile.imwrite(tmp_path / "movie.tif", np.stack([image] * 3), photometric="minisblack")
    assert detect(tmp_path / "movie.tif", "--out", tmp_path / "out", capsys=capsys)[0] == 0
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["movie-f0000.csv", "movie-f0001.csv", "movie-f0002.csv"]


def test_bad_files_are_said_and_the_others_done(calibrated, image, tmp_path, capsys):
    (tmp_path / "broken.tif").write_bytes(b"II*\0garbage")
    (tmp_path / "text.dm4").write_text("hello")
    (tmp_path / "empty.png").touch()
    with h5py.File(tmp_path / "curve.h5", "w") as file:
        file["values"] = np.arange(5.0)
    inputs = [tmp_path / name for name in ("broken.tif", "text.dm4", "empty.png", "curve.h5", "absent.tif")]
    code, said = detect(*inputs, calibrated, "--out", tmp_path / "out", capsys=capsys)
    assert code == 1
    assert len(said.strip().splitlines()) == 5
    for path in inputs:
        assert path.name in said
    assert "Traceback" not in said
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["gold.csv"]


def test_the_same_name_twice_is_refused_not_overwritten(calibrated, image, tmp_path, capsys):
    other = tmp_path / "other"
    other.mkdir()
    Image.fromarray(image).save(other / "gold.tif")
    code, said = detect(calibrated, other / "gold.tif", "--out", tmp_path / "out", capsys=capsys)
    assert code == 1
    assert "would be written over" in said
    assert table(tmp_path / "out" / "gold.csv")[0]["diameter_nm"]


def test_folders_and_patterns(calibrated, image, tmp_path, capsys):
    Image.fromarray(image).save(tmp_path / "b.png")
    (tmp_path / "notes.txt").write_text("not an image")
    assert detect(tmp_path, "--out", tmp_path / "out", capsys=capsys)[0] == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["b.csv", "gold.csv"]
    assert detect(tmp_path / "*.png", "--out", tmp_path / "out2", capsys=capsys)[0] == 0
    assert [path.name for path in (tmp_path / "out2").iterdir()] == ["b.csv"]


@pytest.mark.parametrize("size", ["0", "-1", "nan", "inf", "two"])
def test_a_pixel_size_must_be_a_positive_number(calibrated, tmp_path, size):
    with pytest.raises(CommandError, match="must be a positive number"):
        call_command("detect", str(calibrated), "--out", str(tmp_path), f"--pixel-size-nm={size}")


def test_an_unknown_engine_and_an_impossible_folder(calibrated, tmp_path):
    with pytest.raises(CommandError, match="choose one of: classical"):
        call_command("detect", str(calibrated), "--out", str(tmp_path), "--engine", "magic")
    with pytest.raises(CommandError, match="cannot be made"):
        call_command("detect", str(calibrated), "--out", str(calibrated))


def test_a_blank_image_gives_a_table_without_rows(tmp_path, capsys):
    tifffile.imwrite(tmp_path / "blank.tif", np.zeros((50, 50), np.uint8))
    assert detect(tmp_path / "blank.tif", "--out", tmp_path, capsys=capsys)[0] == 0
    assert table(tmp_path / "blank.csv") == []


def test_a_table_is_whole_or_not_there(tmp_path):
    def broken():
        yield ["1"]
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_table(tmp_path / "a.csv", broken())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_it_needs_no_database_and_no_particular_folder(calibrated, tmp_path):
    environment = {
        name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}
    }
    environment |= {
        "ETEM_DATA_DIR": str(tmp_path / "nowhere"),
        "DJANGO_SETTINGS_MODULE": "etemweb.settings",
        "PGHOST": "/nonexistent",
    }
    done = subprocess.run(
        [sys.executable, MANAGE, "detect", "gold.tif", "--out", "out"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert len(table(tmp_path / "out" / "gold.csv")) == 3


def test_it_ends_quietly_when_nobody_reads_what_it_says(calibrated, tmp_path):
    for number in range(3):
        (tmp_path / f"more{number}.tif").write_bytes(calibrated.read_bytes())
    command = [sys.executable, MANAGE, "detect", tmp_path, "--out", tmp_path / "out"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        running.stdout.close()
        said = running.stderr.read()
    assert (running.returncode, said) == (128 + signal.SIGPIPE, "")
    assert len(list((tmp_path / "out").iterdir())) == 1  # whole, and the last


@pytest.mark.parametrize("given", ["1.5", "-1", "nan", "much"])
def test_a_confidence_that_is_none_is_refused(calibrated, tmp_path, given):
    with pytest.raises(CommandError, match="from 0 to 1"):
        call_command("detect", str(calibrated), "--out", str(tmp_path), f"--min-confidence={given}")


def test_what_is_less_sure_is_left_out_unless_asked_for(tmp_path, capsys):
    noise = np.random.default_rng(0).normal(1000, 100, (300, 300)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "noise.tif", noise)
    counts = []
    for least in ("0", "0.25", "1"):
        detect(
            tmp_path / "noise.tif", "--out", tmp_path, "--min-confidence", least, "--engine", "classical",
            capsys=capsys,
        )  # fmt: skip
        rows = table(tmp_path / "noise.csv")
        assert all(float(row["confidence"]) >= float(least) for row in rows)
        counts.append(len(rows))
    assert counts[0] > counts[1] >= counts[2]


def test_files_of_one_stem_have_a_table_each(calibrated, tmp_path, capsys):
    second, third = tmp_path / "gold.tiff", tmp_path / "elsewhere" / "gold.tif"
    third.parent.mkdir()
    for path in (second, third):
        path.write_bytes(calibrated.read_bytes())
    out = tmp_path / "out"
    code, said = detect(calibrated, second, "--out", out, capsys=capsys)
    assert code == 0
    assert "its tables get its whole name, gold.tiff" in said
    assert sorted(path.name for path in out.iterdir()) == ["gold.csv", "gold.tiff.csv"]
    assert table(out / "gold.tiff.csv") == table(out / "gold.csv")
    code, said = detect(calibrated, third, "--out", out, capsys=capsys)
    assert code == 1
    assert "was left out" in said


def test_what_a_reader_logs_of_an_odd_header_is_not_said(tmp_path, image):
    path = tmp_path / "odd.tif"
    tifffile.imwrite(path, image, software="somebody")
    raw = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        at = file.pages[0].tags["Software"].offset
    raw[at + 2 : at + 4] = b"\x4d\0"  # a data type that does not exist
    path.write_bytes(raw)
    done = subprocess.run(
        [sys.executable, MANAGE, "detect", path, "--out", tmp_path / "out"], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert done.stderr == ""
