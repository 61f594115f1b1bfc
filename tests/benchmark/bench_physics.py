"""Our simulator against multislice: six gold spheres, their size, their contrast and their fringe.

    ./etem bench physics

installs abTEM (600 MB, wanted by nothing else) where it is not there yet. Limits and what they rest on are in
docs/simulation.md.
"""

import importlib
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

from tests.benchmark import multislice
from tests.benchmark.report import Row

ROOT = Path(__file__).resolve().parents[2]
HALF_NM = 0.2
CONTRAST = 0.15
FRINGE_NM, FRINGE = 0.1, 0.03


def install():
    """abTEM as pyproject.toml names it, nothing else changed."""
    if importlib.util.find_spec("abtem"):
        return
    uv = shutil.which("uv") or str(Path(sys.executable).parent / "uv")
    wanted = ["--requirement", "pyproject.toml", "--extra", "physics", "--constraint", "requirements.txt"]
    subprocess.run([uv, "pip", "install", "--python", sys.executable, *wanted], cwd=ROOT, check=True)
    importlib.invalidate_caches()


def run():
    install()
    return [row for case in multislice.CASES for row in rows_of(case)]


def rows_of(case):
    """A case's figures, each beside multislice's."""
    ours = multislice.measured(multislice.our_profile(case), case)
    theirs = multislice.measured(multislice.multislice_profile(case), case)
    rows = [
        _row(case, "diameter at half contrast", ours.half_nm, theirs.half_nm, "nm", HALF_NM),
        _row(case, "contrast of the middle", ours.contrast, theirs.contrast, "", CONTRAST),
    ]
    if case.defocus_nm:
        rows += [
            _row(case, "fringe's place", ours.fringe_nm, theirs.fringe_nm, "nm", FRINGE_NM),
            _row(case, "fringe's height", ours.fringe, theirs.fringe, "", FRINGE),
        ]
    return rows


def _row(case, what, ours, theirs, unit, at_most):
    note = f"ours {ours:.3f}, multislice {theirs:.3f}"
    return Row(f"{case}: {what}, off by", abs(ours - theirs), unit, at_most=at_most, note=note)
