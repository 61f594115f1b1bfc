"""TIFF of each instrument: its own tag, RosettaSciIO's reading of it, and what is no calibration."""

import struct

import numpy as np
import pytest
import tifffile

from annotations import instruments
from annotations.instruments import Refusal

RANDOM = np.random.default_rng(6)
IMAGE = RANDOM.integers(0, 4096, (40, 50), dtype=np.uint16)  # 16 bits of which 12 are used
FEI = (
    "[User]\r\nDate=01/02/2021\r\n[System]\r\nSystemType=Titan\r\n[Beam]\r\nHV=300000\r\n[Scan]\r\n"
    "PixelWidth={x}\r\nPixelHeight={y}\r\n[Vacuum]\r\nChPressure=130\r\nGas=H2O\r\n[Specimen]\r\nTemperature=1073\r\n"
)
ZEISS = "\r\n" * 3 + "{}\r\n" + "0\r\n" * 40 + "AP_IMAGE_PIXEL_SIZE\r\nImage Pixel Size = {} nm\r\n"
THERMO = (
    '<Metadata xmlns="http://fei.com/x"><BinaryResult><PixelSize><X unit="m">{}</X><Y unit="m">{}</Y>'
    "</PixelSize></BinaryResult></Metadata>"
)


@pytest.fixture
def written(tmp_path):
    def written(image=IMAGE, **tags):
        path = tmp_path / "a"
        tifffile.imwrite(path, image, **tags)
        return instruments.read(path, name="a.tif")

    return written


def ascii_tag(code, text):
    return (code, 2, None, text, True)


def says(recording):
    return {r.reader: (round(r.x_nm, 6), round(r.y_nm, 6)) for r in recording.readings}


def test_fei(written):
    recording = written(extratags=[ascii_tag(34682, FEI.format(x="1.5277e-09", y="1.5277e-09"))])
    np.testing.assert_array_equal(next(recording.frames), IMAGE)
    assert says(recording) == {"RosettaSciIO (TIFF)": (1.5277, 1.5277), "tifffile (fei)": (1.5277, 1.5277)}
    told = {"gas": "H2O", "pressure_pa": 130, "temperature_c": pytest.approx(799.85), "voltage_kv": 300}
    assert {key: recording.fields[key] for key in told} == told


def test_fei_oblong_pixels_keep_their_axes(written):
    """RosettaSciIO 0.15 exchanges x and y of this vendor; if this fails, it was mended: empty SWAPPED."""
    recording = written(extratags=[ascii_tag(34682, FEI.format(x="1e-09", y="2e-09"))])
    assert says(recording) == {"RosettaSciIO (TIFF)": (1, 2), "tifffile (fei)": (1, 2)}


def test_fei_with_decimal_commas(written):
    recording = written(extratags=[ascii_tag(34682, FEI.format(x="1,5277e-09", y="1,5277e-09"))])
    assert recording.pixel_size_nm() == pytest.approx((1.5277, 1.5277))


def test_fei_block_without_a_calibration(written):
    text = FEI.format(x="", y="").replace("PixelWidth=\r\nPixelHeight=\r\n", "")
    recording = written(extratags=[ascii_tag(34682, text)])
    assert (recording.pixel_size_nm(), recording.readings) == (None, [])


def test_newer_thermo_fisher(written):
    recording = written(extratags=[ascii_tag(34683, THERMO.format("2.5e-10", "2.5e-10"))])
    assert recording.pixel_size_nm() == pytest.approx((0.25, 0.25))


def test_zeiss_of_few_digits_agrees_with_its_exact_number(written):
    exact_m = 2.6142e-9 * 50 / 1024  # RosettaSciIO reads the size of a pixel of a 1024-px display
    recording = written(extratags=[ascii_tag(34118, ZEISS.format(exact_m, "2.61"))])
    assert says(recording)["tifffile (zeiss)"] == (2.61, 2.61)
    assert recording.pixel_size_nm() == pytest.approx((2.6142, 2.6142))


def test_zeiss_that_contradicts_itself(written):
    recording = written(extratags=[ascii_tag(34118, ZEISS.format(5e-9 * 50 / 1024, "2.61"))])
    assert recording.pixel_size_nm() is None
    assert "nothing is sized until someone chooses" in recording.agreement(0).conflict


def test_tvips(tmp_path):
    header = np.zeros(1, np.dtype(tifffile.TIFF.TVIPS_HEADER_V1))
    header["Version"] = 2
    more = np.zeros(1, np.dtype(tifffile.TIFF.TVIPS_HEADER_V2))
    more["Magic"], more["PixelSizeX"], more["PixelSizeY"] = 0xAAAAAAAA, 0.4, 0.5
    value = header.tobytes() + more.tobytes()
    tifffile.imwrite(tmp_path / "a", IMAGE, extratags=[(37706, 1, len(value), value, True)])
    recording = instruments.read(tmp_path / "a")
    assert says(recording) == {"RosettaSciIO (TIFF)": (0.4, 0.5), "tifffile (tvips)": (0.4, 0.5)}


def test_olympus_sis(tmp_path):
    """The tag points to a table in the file, which points to the calibration: written behind the image."""
    path = tmp_path / "a"
    tifffile.imwrite(path, IMAGE, extratags=[(33560, 4, 1, 0, True)])
    raw = bytearray(path.read_bytes())
    calibration = struct.pack("<10xhdd8xd2x34s32s", -9, 0.7, 0.8, 20000.0, b"Veleta", b"TEM")
    table_at = len(raw)
    table = struct.pack("<4s6xhhhhh6x32sH", b"SIS0", 5, 4, 3, 2, 120, b"gold", 1)
    table += struct.pack("<hhI", 1, 1, table_at + 68)
    at = raw.index(struct.pack("<HHI", 33560, 4, 1)) + 8
    raw[at : at + 4] = struct.pack("<I", table_at)
    path.write_bytes(bytes(raw) + table + calibration)
    recording = instruments.read(path)
    assert says(recording) == {"RosettaSciIO (TIFF)": (0.7, 0.8), "tifffile (sis)": (0.7, 0.8)}


@pytest.mark.parametrize(("mode", "unit"), [("TEM", "nm"), ("DIFF", "1/nm")])
def test_jeol(written, mode, unit):
    imaging = {
        "TEM": ("MAG", "50000", "X"),
        "DIFF": ("DIFF", "80", "cm"),
    }[mode]
    text = (
        "<TemReporter><Eos><EosMode>eosTEM</EosMode></Eos><IlluminationSystem>"
        "<ImageField>mode TEM</ImageField></IlluminationSystem><ImageFormingSystem>"
        f"<ImageFormingMode>mode{imaging[0]}</ImageFormingMode><ModeString>{imaging[0]}</ModeString>"
        f"<SelectorString>X{imaging[1]}K</SelectorString><SelectorValue>{imaging[1]}</SelectorValue>"
        f"<SelectorUnitString>{imaging[2]}</SelectorUnitString></ImageFormingSystem>"
        "<ElectronGun><AccelerationVoltage>200</AccelerationVoltage></ElectronGun></TemReporter>"
    )
    recording = written(
        description=text, metadata=None, resolution=(635, 635), resolutionunit="CENTIMETER",
        extratags=[ascii_tag(271, "JEOL Ltd.")],
    )  # fmt: skip
    if unit == "nm":
        # 0.01 m / 635 px at the camera, demagnified 50,000 times
        assert recording.pixel_size_nm() == pytest.approx((0.01 / 635 / 50000 * 1e9,) * 2)
    else:
        assert "diffraction" in recording.reason_unsizeable(0)


@pytest.mark.parametrize(
    ("unit", "nm"), [("nm", 1), ("micron", 1000), ("\\u00B5m", 1000), ("um", 1000), ("Angstrom", 0.1)]
)
def test_imagej(written, unit, nm):
    recording = written(imagej=True, resolution=(2, 2), metadata={"unit": unit})
    assert recording.pixel_size_nm() == pytest.approx((0.5 * nm, 0.5 * nm))


def test_imagej_stack_behind_one_page(tmp_path):
    stack = RANDOM.integers(0, 65535, (4, 40, 50), dtype=np.uint16)
    tifffile.imwrite(
        tmp_path / "a", stack, imagej=True, resolution=(2, 4), metadata={"unit": "nm", "axes": "TYX"}
    )
    recording = instruments.read(tmp_path / "a")
    np.testing.assert_array_equal(list(recording.frames), stack)
    assert recording.pixel_size_nm(3) == (0.5, 0.25)


def test_gatan(written):
    tags = [
        (65003, 2, None, "nm", True),
        (65004, 2, None, "nm", True),
        (65009, 12, 1, 0.4, True),
        (65010, 12, 1, 0.5, True),
    ]
    assert set(says(written(extratags=tags)).values()) == {(0.4, 0.5)}


def test_ome_with_an_axis_in_nanometres_and_one_in_angstroms(tmp_path):
    metadata = {
        "axes": "YX",
        "PhysicalSizeX": 1,
        "PhysicalSizeXUnit": "nm",
        "PhysicalSizeY": 2,
        "PhysicalSizeYUnit": "Å",
    }
    tifffile.imwrite(tmp_path / "a.ome.tif", IMAGE, metadata=metadata)
    recording = instruments.read(tmp_path / "a.ome.tif")
    assert recording.pixel_size_nm() is None
    assert recording.agreement(0).conflict


@pytest.mark.parametrize("dpi", [72, 96, 300, 4800])
def test_a_printers_resolution_is_no_calibration(written, dpi):
    assert written(resolution=(dpi, dpi), resolutionunit="INCH").readings == []


def test_a_resolution_no_printer_has_is_one(written):
    assert written(resolution=(2e7, 2e7), resolutionunit="CENTIMETER").pixel_size_nm() == pytest.approx(
        (0.5, 0.5)
    )


@pytest.mark.parametrize(
    "dtype", ["uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64", "bool"]
)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compression": "zlib", "predictor": False},
        {"tile": (16, 16)},
        {"bigtiff": True, "byteorder": ">"},
    ],
)
def test_every_depth_in_several_pages(tmp_path, dtype, options):
    pages = (RANDOM.random((3, 40, 50)) * 200 - 100).astype(dtype)
    with tifffile.TiffWriter(
        tmp_path / "a", bigtiff=options.get("bigtiff", False), byteorder=options.get("byteorder")
    ) as tif:
        for page in pages:
            tif.write(
                page,
                photometric="minisblack",
                **{k: v for k, v in options.items() if k in ("compression", "predictor", "tile")},
            )
    recording = instruments.read(tmp_path / "a")
    frames = list(recording.frames)
    np.testing.assert_array_equal(frames, pages)
    assert frames[0].dtype == dtype
    assert frames[0].dtype.isnative


def test_pages_of_different_sizes_are_frames_and_a_small_copy_is_none(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a") as tif:
        tif.write(IMAGE)
        tif.write(IMAGE[::2, ::2], subfiletype=1)
        tif.write(IMAGE[:30, :20].copy())
    recording = instruments.read(tmp_path / "a")
    assert [frame.shape for frame in recording.frames] == [(40, 50), (30, 20)]


def test_color_palette_and_white_is_zero(tmp_path, written):
    rgb = np.repeat(IMAGE[..., None].astype(np.uint8), 3, axis=2)
    recording = written(rgb, photometric="rgb")
    np.testing.assert_array_equal(next(recording.frames), rgb[..., 0])
    assert "color" in recording.notes[0]
    palette = np.repeat(np.arange(256, dtype=np.uint16)[None] * 257, 3, axis=0)
    recording = written(IMAGE.astype(np.uint8), photometric="palette", colormap=palette)
    np.testing.assert_array_equal(next(recording.frames), IMAGE.astype(np.uint8).astype(np.uint16) * 257)
    recording = written(IMAGE, photometric="miniswhite")
    np.testing.assert_array_equal(next(recording.frames), 65535 - IMAGE)
    assert "white to black" in recording.notes[0]


def test_a_spectrum_image_is_refused(written):
    with pytest.raises(Refusal, match="a spectrum image, not an image"):
        written(np.zeros((40, 50, 9), np.uint16), photometric="minisblack", planarconfig="contig")


def test_complex_pixels_are_refused(written):
    with pytest.raises(Refusal, match="complex numbers"):
        written(IMAGE.astype(np.complex64))


def test_nan_and_infinite_pixels_are_kept(written):
    image = IMAGE.astype(np.float32)
    image[0, :3] = np.nan, np.inf, -np.inf
    np.testing.assert_array_equal(next(written(image).frames), image)
