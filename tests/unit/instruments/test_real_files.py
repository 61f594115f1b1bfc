"""Every real file at hand is imported with the shape and pixel size it has, or refused with its reason.

The files are not part of the project; where they are is told by ETEM_TEST_DATA (docs/file-formats.md).
"""

import os
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from annotations import instruments
from annotations.instruments import Refusal

FOLDER = Path(os.environ.get("ETEM_TEST_DATA", Path(__file__).parents[4] / "shared" / "data"))
TEXT = r"is text, not an image"
SPECTRUM_IMAGE = r"is a spectrum image, not an image"
# Pattern of the path: shape of all frames (N, H, W), None for any; nm/px (x, y) or None; or the refusal.
EXPECTED = {
    r"ardagen/images/.*\.jpg": ((1, None, None), None),
    r"ardagen/labels/.*\.txt": TEXT,
    r"bshev/.*\.h5": ((1, 1024, 1024), (0.32889166, 0.32889166)),
    r"creme/.*fov200nm/(imgs|masks1)/.*\.png": ((1, 512, 512), None),
    r"creme/.*test/.*\.png": ((1, None, None), None),
    r"msa-em/.*\.png": ((1, 512, 512), None),
    r"nanotubes2d/.*\.tif": ((1, 1500, 1500), None),
    r"soot/.*\.png": ((1, 1952, 2240), None),
    r"mrcfile/EMD-3001\.map": ((25, 43, 73), (0.045875, 0.044825)),
    r"mrcfile/(EMD|emd)[-_]3197\.map.*": ((20, 20, 20), (1.14, 1.14)),
    r"nion/ref_F_0_1\.dm[345]": r"is a line of values, not an image",
    r"nion/ref_F_0_2\.dm[345]": ((1, 3, 2), None),
    r"nion/ref_F_1_2\.dm[345]": ((4, 3, 2), None),
    r"nion/ref_T_0_2\.dm[345]": ((3, 4, 5), None),
    r"nion/ref_(F_1_1|F_2_1|T_0_1)\.dm[345]": SPECTRUM_IMAGE,
    r"scifidatasets/DMReader_EELS_STO\.dm4": r"is a spectrum, not an image",
    r"scifidatasets/DMReader_Image_SI-Survey\.dm3": ((1, 512, 512), None),
    r"scifidatasets/DMReader_SI-HAADF\.dm3": ((1, 1568, 192), None),
    r"scifidatasets/EMDReader_Image_FEI\.emd": ((1, 512, 512), (5.3024148, 5.3024148)),
    r"scifidatasets/EMDReader_SpectrumImage_Si\.emd": SPECTRUM_IMAGE,
    r".*(README\.md|LICENSE|\.json|\.txt|\.csv)": TEXT,
}
FILES = (
    sorted(str(p.relative_to(FOLDER)) for p in FOLDER.rglob("*") if p.is_file()) if FOLDER.is_dir() else []
)


def expected(name):
    return next((what for pattern, what in EXPECTED.items() if re.search(f"(^|/){pattern}$", name)), None)


@pytest.mark.skipif(not FILES, reason="NO REAL FILES: set ETEM_TEST_DATA to a folder of them to run these")
@pytest.mark.parametrize("name", FILES or ["none"])
def test_a_real_file_is_what_it_should_be(name):
    what = expected(name)
    if what is None:
        pytest.skip(f"{name} is new: nothing is expected of it yet")
    if isinstance(what, str):
        with pytest.raises(Refusal, match=what):
            list(instruments.read(FOLDER / name).frames)
        return
    shape, size_nm = what
    recording = instruments.read(FOLDER / name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        frames = list(recording.frames)
    found = (len(frames), *frames[0].shape)
    assert all(wanted in (None, had) for wanted, had in zip(shape, found, strict=True)), found
    assert all(np.isfinite(frame).all() for frame in frames)
    assert recording.n_frames == len(frames)
    assert recording.agreement(0).conflict == ""
    assert recording.pixel_size_nm(0) == (None if size_nm is None else pytest.approx(size_nm, rel=1e-5))
