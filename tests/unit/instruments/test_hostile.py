"""Files made to hurt, and files that broke: each ends in one sentence, before anything large is allocated."""

import bz2
import contextlib
import gzip
import pickle
import struct
import zlib

import h5py
import mrcfile
import numpy as np
import pytest
import tifffile
from PIL import Image

from annotations import instruments
from annotations.instruments import Limits, Refusal
from tests.unit.instruments.files import write_dm3, write_ser, write_velox

IMAGE = np.random.default_rng(7).integers(0, 65535, (64, 80), dtype=np.uint16)


def refuse(path, name="a.tif", **limits):
    """Read all of it; it must be refused in one sentence that a person can act on."""
    with pytest.raises(Refusal) as refusal:
        list(instruments.read(path, name=name, limits=Limits(**limits)).frames)
    sentence = str(refusal.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert "Traceback" not in sentence
    return sentence


def tiff(path):
    tifffile.imwrite(path, IMAGE)


def tiff_pages(path):
    tifffile.imwrite(path, np.stack([IMAGE] * 3), photometric="minisblack", compression="zlib")


def png(path):
    Image.fromarray(IMAGE).save(path, "PNG")


def png8(path):
    Image.fromarray((IMAGE >> 8).astype(np.uint8)).save(path, "PNG")


def jpeg(path):
    Image.fromarray((IMAGE >> 8).astype(np.uint8)).save(path, "JPEG")


def mrc(path):
    with mrcfile.new(path, IMAGE.astype(np.float32)):
        pass


def mrc_gz(path):
    mrc(path)
    path.write_bytes(gzip.compress(path.read_bytes()))


def mrc_bz2(path):
    mrc(path)
    path.write_bytes(bz2.compress(path.read_bytes()))


def hdf5(path):
    with h5py.File(path, "w") as file:
        file.create_dataset("data", data=IMAGE).attrs["scale_unit"] = "nm"


def dm3(path):
    write_dm3(path, IMAGE)


def ser(path):
    write_ser(path, [IMAGE] * 2, [1e-9] * 2)


def velox(path):
    write_velox(path, IMAGE[..., None])


WRITERS = [tiff, tiff_pages, png, png8, jpeg, mrc, mrc_gz, mrc_bz2, hdf5, dm3, ser, velox]


@pytest.mark.parametrize("part", [0.1, 0.5, 0.95])
@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
def test_a_truncated_file_is_refused(tmp_path, write, part):
    path = tmp_path / "a"
    write(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole))])
    refuse(path)


@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
def test_flipped_bits_never_crash_the_reader(tmp_path, write):
    path = tmp_path / "a"
    write(path)
    whole = bytearray(path.read_bytes())
    random = np.random.default_rng(8)
    for _ in range(25):
        broken = bytearray(whole)
        for place in random.integers(0, min(len(whole), 3000), 8):
            broken[place] ^= int(random.integers(1, 256))
        path.write_bytes(broken)
        limits = Limits(frame_pixels=10**6, total_pixels=10**7)
        with contextlib.suppress(Refusal):  # nothing else may come out
            for frame in instruments.read(path, limits=limits).frames:
                assert frame.ndim == 2


def test_an_empty_file(tmp_path):
    (tmp_path / "a").write_bytes(b"")
    assert refuse(tmp_path / "a") == "The file is empty; please export it again."


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"diameter;1,5\nnm\n", "“a.tif” is text, not an image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is text"),
        (b"PK\x03\x04" + bytes(100), "a zip archive; please unpack it"),
        (pickle.dumps(print), "a Python pickle, which may carry code"),
        (b"\x93NUMPY\x01\0" + bytes(100), "a NumPy array"),
        (b"%PDF-1.7" + bytes(100), "a PDF document"),
        (b"\x7fELF" + bytes(100), "a program"),
        (bytes(4096), "of no format known here"),
        (np.random.default_rng(1).bytes(9000), "of no format known here"),
    ],
)  # fmt: skip
def test_what_is_no_micrograph_is_told_by_its_content(tmp_path, content, words):
    (tmp_path / "a").write_bytes(content)
    assert words in refuse(tmp_path / "a")


def test_the_name_does_not_matter(tmp_path):
    tiff(tmp_path / "a")
    assert next(instruments.read(tmp_path / "a", name="../../etc/passwd.dm3").frames).shape == IMAGE.shape


def test_a_tiff_of_two_thousand_million_pixels_on_a_side(tmp_path):
    path = tmp_path / "a"
    tiff(path)
    raw = path.read_bytes()
    for code in (256, 257):
        at = next(
            raw.find(struct.pack("<HH", code, kind))
            for kind in (3, 4)
            if struct.pack("<HH", code, kind) in raw
        )
        raw = raw[:at] + struct.pack("<HHII", code, 4, 1, 2**31 - 1) + raw[at + 12 :]
    path.write_bytes(raw)
    assert "2,147,483,647 × 2,147,483,647 px" in refuse(path)


def test_a_tiff_whose_pages_run_in_a_circle(tmp_path):
    path = tmp_path / "a"
    tiff_pages(path)
    with tifffile.TiffFile(path) as tif:
        first, last = tif.pages[0].offset, tif.pages[2].offset
    raw = bytearray(path.read_bytes())
    n_tags = struct.unpack_from("<H", raw, last)[0]
    struct.pack_into("<I", raw, last + 2 + 12 * n_tags, first)
    path.write_bytes(raw)
    try:
        frames = list(instruments.read(path).frames)
    except Refusal:
        return
    assert len(frames) == 3  # the walk ends where it began


def test_a_tiff_of_too_many_pages(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a") as tif:
        for _ in range(30):
            tif.write(np.zeros((4, 4), np.uint8))
    assert "more than the 10 accepted" in refuse(tmp_path / "a", frames=10)


def test_an_imagej_tiff_that_promises_a_million_planes(tmp_path):
    tifffile.imwrite(tmp_path / "a", IMAGE, imagej=True)
    raw = (tmp_path / "a").read_bytes()
    (tmp_path / "a").write_bytes(raw.replace(b"images=1\n", b"images=9\n"))
    with contextlib.suppress(Refusal):
        assert len(list(instruments.read(tmp_path / "a").frames)) == 1


def test_a_png_bomb(tmp_path):
    """100,000 x 100,000 black pixels in a few kB."""
    side = 100_000

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packed = zlib.compressobj(9)
    data = packed.compress(bytes(10**7)) + packed.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    (tmp_path / "a").write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )
    assert "100,000 × 100,000 px" in refuse(tmp_path / "a")


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_a_packed_bomb(tmp_path, pack):
    mrc(tmp_path / "m")
    (tmp_path / "a").write_bytes(pack((tmp_path / "m").read_bytes() + bytes(2 * 10**8)))
    assert "unpacks to more than" in refuse(tmp_path / "a", name="a.mrc.gz")


def test_a_file_packed_twice(tmp_path):
    (tmp_path / "a").write_bytes(gzip.compress(gzip.compress(b"x" * 100)))
    assert "packed more than once" in refuse(tmp_path / "a")


def test_a_packed_text(tmp_path):
    (tmp_path / "a").write_bytes(gzip.compress(b"hello world\n" * 1000))
    assert "is text" in refuse(tmp_path / "a")


def test_hdf5_that_points_to_other_files(tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(64 * 64))
    with h5py.File(tmp_path / "a", "w") as file:
        file["data"] = h5py.ExternalLink(str(secret), "/data")
    assert "points to other files" in refuse(tmp_path / "a")
    with h5py.File(tmp_path / "b", "w") as file:
        file.create_dataset("deep/data", (64, 64), np.uint8, external=[(str(secret), 0, 64 * 64)])
    assert "points to other files" in refuse(tmp_path / "b")
    with h5py.File(tmp_path / "c", "w") as file:
        layout = h5py.VirtualLayout((64, 64), np.uint8)
        layout[:] = h5py.VirtualSource(str(secret), "data", (64, 64))
        file.create_virtual_dataset("data", layout)
    assert "points to other files" in refuse(tmp_path / "c")


def test_hdf5_whose_groups_run_in_a_circle(tmp_path):
    with h5py.File(tmp_path / "a", "w") as file:
        file["one/two"] = IMAGE
        file["one/again"] = file["one"]
        file["soft"] = h5py.SoftLink("/nowhere")
    assert next(instruments.read(tmp_path / "a").frames).shape == IMAGE.shape


def test_hdf5_that_promises_a_terabyte(tmp_path):
    with h5py.File(tmp_path / "a", "w") as file:
        file.create_dataset("data", (10**6, 1024, 1024), np.uint8, chunks=(1, 256, 256), compression="gzip")
    assert "1,000,000 frames" in refuse(tmp_path / "a")


def test_mrc_that_promises_what_it_has_not(tmp_path):
    mrc(tmp_path / "a")
    raw = bytearray((tmp_path / "a").read_bytes())
    struct.pack_into("<3i", raw, 0, 60000, 60000, 19000)
    (tmp_path / "a").write_bytes(raw)
    refuse(tmp_path / "a")


def test_ser_of_two_thousand_million_elements_or_pixels(tmp_path):
    ser(tmp_path / "a")
    raw = bytearray((tmp_path / "a").read_bytes())
    struct.pack_into("<2i", raw, 14, 2**31 - 1, 2**31 - 1)
    (tmp_path / "a").write_bytes(raw)
    assert "2,147,483,647 frames" in refuse(tmp_path / "a")


def test_text_and_records_are_no_pixels(tmp_path):
    with h5py.File(tmp_path / "a", "w") as file:
        file["words"] = np.array([[b"a"] * 20] * 20, dtype="S1")
    assert "without an image" in refuse(tmp_path / "a")


def test_metadata_beyond_bounds_is_left_out_and_named(tmp_path):
    tifffile.imwrite(tmp_path / "a", IMAGE, description="x" * 10**6)
    recording = instruments.read(tmp_path / "a", limits=Limits(metadata_bytes=10_000))
    assert len(str(recording.metadata)) < 12_000
