"""Each format: pixels to the last bit, the pixel size of two readers, the metadata people search by."""

import bz2
import gzip

import h5py
import mrcfile
import numpy as np
import pytest
from PIL import Image

from annotations import instruments
from annotations.instruments import Refusal
from tests.unit.instruments.files import write_dm3, write_emi, write_ser, write_velox

RANDOM = np.random.default_rng(5)


def picture(dtype, shape=(40, 50)):
    if np.dtype(dtype).kind == "f":
        return RANDOM.normal(size=shape).astype(dtype)
    info = np.iinfo(dtype)
    return RANDOM.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)


def read(path, **over):
    recording = instruments.read(path, **over)
    return recording, list(recording.frames)


def says(recording):
    return {(r.reader, round(r.x_nm, 6), round(r.y_nm, 6)) for r in recording.readings}


@pytest.mark.parametrize("dtype", ["float32", "uint16", "int16"])
def test_dm3(tmp_path, dtype):
    image = picture(dtype)
    write_dm3(tmp_path / "a", image, scale=(0.02, 0.02), units=("µm", "µm"))
    recording, frames = read(tmp_path / "a")
    np.testing.assert_array_equal(frames[0], image)
    assert says(recording) == {("RosettaSciIO (DM)", 20, 20), ("ncempy (DM)", 20, 20)}
    assert recording.pixel_size_nm() == pytest.approx((20, 20))
    assert (recording.fields["voltage_kv"], recording.fields["magnification"]) == (300, 50000)
    assert recording.title(0) == "gold"


def test_dm3_stack_with_oblong_pixels(tmp_path):
    stack = picture("uint16", (3, 40, 50))
    write_dm3(tmp_path / "a", stack, scale=(1.0, 2.0))
    recording, frames = read(tmp_path / "a")
    np.testing.assert_array_equal(frames, stack)
    assert recording.pixel_size_nm(2) == (1, 2)
    assert "not square" in recording.agreement(0).warning


def test_dm3_diffraction_pattern_is_kept_and_never_sized(tmp_path):
    write_dm3(tmp_path / "a", picture("uint16"), scale=(0.01, 0.01), units=("1/nm", "1/nm"))
    recording, frames = read(tmp_path / "a")
    assert len(frames) == 1
    assert "diffraction" in recording.reason_unsizeable(0)
    assert recording.pixel_size_nm() is None


def test_dm3_fourier_transform_is_refused(tmp_path):
    write_dm3(tmp_path / "a", picture("float32", (40, 100)).view(np.complex64))
    with pytest.raises(Refusal, match="complex numbers"):
        read(tmp_path / "a")


def test_velox_image_and_movie(tmp_path):
    stack = picture("uint16", (40, 50, 3))
    write_velox(tmp_path / "a", stack, size_m=(5.3024e-9, 5.3024e-9))
    recording, frames = read(tmp_path / "a")
    np.testing.assert_array_equal(frames, np.moveaxis(stack, 2, 0))
    assert says(recording) == {("RosettaSciIO (EMD)", 5.3024, 5.3024), ("h5py (EMD)", 5.3024, 5.3024)}
    assert recording.fields["voltage_kv"] == 300


def test_velox_that_rosettasciio_cannot_open_is_read_all_the_same(tmp_path):
    stack = picture("uint16", (40, 50, 2))
    write_velox(tmp_path / "a", stack, chunks=None)  # 0.15 needs chunks
    recording, frames = read(tmp_path / "a")
    np.testing.assert_array_equal(frames, np.moveaxis(stack, 2, 0))
    assert recording.reader == "h5py (EMD)"
    assert recording.pixel_size_nm() == (1, 1)


def test_velox_axes_in_two_units_are_a_conflict(tmp_path):
    write_velox(tmp_path / "a", picture("uint16", (40, 50, 1)), size_m=(1e-9, 2e-3), units=("m", "um"))
    recording, _ = read(tmp_path / "a")
    assert recording.pixel_size_nm() is None
    assert recording.agreement(0).conflict


def test_velox_fourier_transform_alone_is_refused(tmp_path):
    kind = np.dtype([("realFloatHalfEven", "<f4"), ("imagFloatHalfEven", "<f4")])
    write_velox(tmp_path / "a", np.zeros((40, 50, 1), kind))
    with pytest.raises(Refusal, match="complex numbers"):
        read(tmp_path / "a")


@pytest.mark.parametrize("names", ["yx", "xy", "zyx"])
def test_berkeley_emd_whatever_the_order_of_its_axes(tmp_path, names):
    steps = {"x": 0.5, "y": 0.25, "z": 3.0}
    upright = picture("int16", (3, 40, 50)[-len(names) :])
    data = upright.T if names == "xy" else upright
    with h5py.File(tmp_path / "a", "w") as file:
        file.attrs["version_major"], file.attrs["version_minor"] = 0, 2
        group = file.create_group("data/one")
        group.attrs["emd_group_type"] = 1
        group["data"] = data
        for number, (size, name) in enumerate(zip(data.shape, names, strict=True), 1):
            axis = group.create_dataset(f"dim{number}", data=np.arange(size) * steps[name])
            axis.attrs["name"], axis.attrs["units"] = name, "[n_m]"
    recording, frames = read(tmp_path / "a")
    np.testing.assert_array_equal(frames, upright.reshape(-1, 40, 50))
    assert recording.pixel_size_nm() == (0.5, 0.25)
    assert {reader for reader, *_ in says(recording)} == {"RosettaSciIO (EMD)", "h5py (EMD)"}


def test_ser_series_of_five_with_a_pixel_size_each(tmp_path):
    images = [picture("uint16") for _ in range(5)]
    write_ser(tmp_path / "a", images, [1e-9, 1e-9, 2e-9, 2e-9, 2e-9])
    recording, frames = read(tmp_path / "a")
    np.testing.assert_array_equal(frames, images)
    sizes = [recording.pixel_size_nm(index)[0] for index in range(5)]
    assert sizes == pytest.approx([1, 1, 2, 2, 2])
    assert recording.fields["acquired_at"].startswith("2020-09-13T12:26:40")


def test_a_diffraction_pattern_in_ser_is_told_by_its_step(tmp_path):
    image = picture("uint16")
    write_ser(tmp_path / "a", [image], [2.5e7])  # 0.025 /nm
    recording, frames = read(tmp_path / "a")
    assert "diffraction pattern" in recording.reason_unsizeable(0)
    assert recording.readings == []
    np.testing.assert_array_equal(frames, [image])


def test_ser_of_one_size(tmp_path):
    write_ser(tmp_path / "a", [picture("uint16")] * 2, [0.3e-9] * 2)
    recording, _ = read(tmp_path / "a")
    assert {reader for reader, *_ in says(recording)} == {"RosettaSciIO (SER)", "ncempy (SER)"}
    assert recording.pixel_size_nm(1) == pytest.approx((0.3, 0.3))


def test_emi_alone_is_refused(tmp_path):
    (tmp_path / "a").write_bytes(b"JL" + b"\0" * 5000)
    with pytest.raises(Refusal, match="upload the SER file beside it"):
        read(tmp_path / "a", name="x.emi")


def test_emi_tells_what_its_ser_files_do_not(tmp_path):
    write_emi(tmp_path / "a", {"High tension": (300, "kV")}, {"High tension": ("many", "kV")})
    with pytest.raises(Refusal, match="of the SER files beside it") as refused:
        read(tmp_path / "a", name="x.emi")
    first, second = refused.value.told
    assert first["fields"] == {
        "voltage_kv": 300, "detector": "BM-UltraScan", "exposure_s": 0.5, "acquired_at": "2017-03-07T11:22:33"
    }  # fmt: skip
    assert first["metadata"]["ObjectInfo"]["ExperimentalDescription"] == {"High tension_kV": 300}
    assert "voltage_kv" not in second["fields"]


@pytest.mark.parametrize(
    "text",
    [
        b'<!DOCTYPE a [<!ENTITY b "bbbb">]><ObjectInfo>&b;</ObjectInfo>',
        b"<ObjectInfo><!DOCTYPE a></ObjectInfo>",
        b"<ObjectInfo>\xff\xfe</ObjectInfo>",
        b"<ObjectInfo><Uuid></ObjectInfo>",
        b"<ObjectInfo>" + b"<a>" * 50_000 + b"</a>" * 50_000 + b"</ObjectInfo>",
        b"<ObjectInfo>" + b" " * 2**20 + b"</ObjectInfo>",
        b"<ObjectInfo>",
        b"</ObjectInfo><ObjectInfo>",
    ],
)
def test_a_hostile_emi_is_refused_in_the_same_words(tmp_path, text):
    (tmp_path / "a").write_bytes(b"JL" + b"\0" * 500 + text)
    with pytest.raises(Refusal, match="holds only the description") as refused:
        read(tmp_path / "a", name="x.emi")
    assert refused.value.told == []


@pytest.mark.parametrize("dtype", ["int8", "int16", "uint16", "float32", "float16"])
@pytest.mark.parametrize("pack", [None, gzip.compress, bz2.compress])
def test_mrc_plain_and_packed(tmp_path, dtype, pack):
    stack = picture(dtype, (3, 40, 50))
    with mrcfile.new(tmp_path / "a", stack) as file:
        file.set_image_stack()
        file.voxel_size = 2.5
    if pack:
        (tmp_path / "a").write_bytes(pack((tmp_path / "a").read_bytes()))
    recording, frames = read(tmp_path / "a")
    np.testing.assert_array_equal(frames, stack)
    assert recording.pixel_size_nm() == pytest.approx((0.25, 0.25))
    assert len(recording.readings) == 2


def test_mrc_with_its_writers_default_is_not_calibrated(tmp_path):
    with mrcfile.new(tmp_path / "a", picture("float32")) as file:
        file.voxel_size = 1.0
    recording, _ = read(tmp_path / "a")
    assert recording.readings == []
    assert "1 Å" in recording.notes[0]


def test_mrc_fourier_transform_is_refused(tmp_path):
    with mrcfile.new(tmp_path / "a", np.zeros((8, 9), np.complex64)):
        pass
    with pytest.raises(Refusal, match="complex numbers"):
        read(tmp_path / "a")


@pytest.mark.parametrize(
    ("attributes", "x_nm", "y_nm"),
    [({"scale": 0.5, "scale_unit": "nm"}, 0.5, 0.5), ({"pixel_size_nm": [2.0, 1.0]}, 1, 2),
     ({"pixel_size": "0,5", "unit": "Å"}, 0.05, 0.05), ({"element_size_um": [1, 0.002, 0.003]}, 3, 2)],
)  # fmt: skip
def test_hdf5_with_an_attribute(tmp_path, attributes, x_nm, y_nm):
    image = picture("uint32")
    with h5py.File(tmp_path / "a", "w") as file:
        file.create_dataset("deep/data", data=image).attrs.update(attributes)
    recording, frames = read(tmp_path / "a")
    np.testing.assert_array_equal(frames[0], image)
    assert recording.pixel_size_nm() == pytest.approx((x_nm, y_nm))


def test_a_negative_pixel_size_is_remarked_upon(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        data = file.create_dataset("image", data=picture("uint16"))
        data.attrs.update({"pixel_size": -0.5, "unit": "nm"})
    recording, _ = read(tmp_path / "a.h5")
    assert recording.pixel_size_nm() == (0.5, 0.5)
    (note,) = recording.notes
    assert "negative pixel size, -0.5 nm × -0.5 nm" in note


def test_hdf5_without_an_image_is_refused(tmp_path):
    with h5py.File(tmp_path / "a", "w") as file:
        file["spectrum"] = np.arange(2048.0)
    with pytest.raises(Refusal, match="holds no image but data of 1 dimensions"):
        read(tmp_path / "a")
    with h5py.File(tmp_path / "a", "w") as file:
        file["cube"] = np.zeros((2, 2, 30, 30))
    with pytest.raises(Refusal, match="data of 4 dimensions"):
        read(tmp_path / "a")


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_png_keeps_its_depth(tmp_path, dtype):
    array = picture(dtype)
    Image.fromarray(array).save(tmp_path / "a", "PNG")
    _, frames = read(tmp_path / "a")
    np.testing.assert_array_equal(frames[0], array)
    assert frames[0].dtype == dtype


def test_color_becomes_luminance_and_says_so(tmp_path):
    rgba = RANDOM.integers(0, 255, (40, 50, 4), dtype=np.uint8)
    Image.fromarray(rgba).save(tmp_path / "a", "PNG")
    recording, frames = read(tmp_path / "a")
    assert np.abs(frames[0] - rgba[..., :3] @ [0.299, 0.587, 0.114]).max() <= 0.5 + 1e-9
    assert "luminance" in recording.notes[0]


def test_sixteen_bit_color_png_is_not_cut_to_eight(tmp_path):
    import imagecodecs

    grey = picture("uint16")
    (tmp_path / "a").write_bytes(imagecodecs.png_encode(np.stack([grey] * 3, axis=-1)))
    _, frames = read(tmp_path / "a")
    np.testing.assert_array_equal(frames[0], grey)


def test_jpeg_is_told_to_lose_detail(tmp_path):
    Image.fromarray(np.full((40, 50), 77, np.uint8)).save(tmp_path / "a", "JPEG", dpi=(300, 300))
    recording, frames = read(tmp_path / "a")
    assert (frames[0] == 77).all()
    assert "8 bits" in recording.notes[0]
    assert recording.pixel_size_nm() is None


def test_png_resolution_counts_only_where_no_printer_has_it(tmp_path):
    Image.fromarray(picture("uint8")).save(tmp_path / "a", "PNG", dpi=(300, 300))
    assert read(tmp_path / "a")[0].pixel_size_nm() is None
    Image.fromarray(picture("uint8")).save(tmp_path / "a", "PNG", dpi=(2.54e7, 2.54e7))
    assert read(tmp_path / "a")[0].pixel_size_nm() == pytest.approx((1, 1), rel=1e-6)
