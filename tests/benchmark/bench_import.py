"""CPU seconds of importing one 4096 x 4096 16-bit TIFF, tiles included, against tifffile and scikit-image."""

import os
import resource
import tempfile
from pathlib import Path
from statistics import median

import numpy as np

from tests.benchmark.report import Row

NEEDS_DATABASE = True
SIDE_PX, TRIES, LIMIT_S = 4096, 3, 2.0


def cpu_s():
    """CPU seconds of this process and its ended children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def micrograph(seed):
    """Noise on a slope, as a camera gives it: 12 of 16 bits used."""
    random = np.random.default_rng(seed)
    slope = np.linspace(1000, 2000, SIDE_PX)[None]
    return (slope + random.normal(0, 60, (SIDE_PX, SIDE_PX))).astype(np.uint16)


def peer(path, folder):
    """The pixels read, a pyramid of means, each level saved: what any importer must do at least."""
    import tifffile
    from skimage.transform import downscale_local_mean

    level = tifffile.imread(path)
    while True:
        level.astype(np.uint16).tofile(folder / f"{level.shape[0]}.u16")
        if max(level.shape) <= 512:
            return
        level = downscale_local_mean(level, (2, 2))


def run():
    import tifffile

    from annotations.models import Acquisition
    from annotations.services.import_acquisition import import_acquisition
    from annotations.services.run_import import run_import
    from tests.factories import make_project, make_user

    by = make_user("bench-import")
    project = make_project(by)
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for seed in range(TRIES):
            path = folder / f"{seed}.tif"
            tifffile.imwrite(path, micrograph(seed))
            os.sync()
            begun = cpu_s()
            peer(path, folder)
            theirs.append(cpu_s() - begun)
            begun = cpu_s()
            found = import_acquisition(by=by, project=project, path=path, name=path.name)
            run_import(acquisition_pk=found.acquisition.pk)
            ours.append(cpu_s() - begun)
            row = Acquisition.objects.get(pk=found.acquisition.pk)
            if row.status != Acquisition.Status.READY:
                raise RuntimeError(f"The benchmark's own file was not imported: {row.message}")
    peer_s = f"tifffile and scikit-image, pyramid of means alone: {median(theirs):.2f} s"
    note = f"median of {TRIES}; {peer_s}"
    name = f"import of a {SIDE_PX} × {SIDE_PX} 16-bit TIFF, tiles included"
    return [Row(name, median(ours), "s of CPU", at_most=LIMIT_S, note=note)]
