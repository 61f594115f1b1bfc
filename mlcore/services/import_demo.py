"""The worker's side of the demo: draw four micrographs, import them, look for particles in them."""

import tempfile
import time
from pathlib import Path

from annotations.demo.files import FILES, write_file
from annotations.models import Acquisition
from annotations.services.import_acquisition import import_acquisition
from annotations.services.run_import import run_import
from mlcore.services.runs import start_inference

UNFINISHED = [Acquisition.Status.QUEUED, Acquisition.Status.IMPORTING]
IMPORT_LIMIT_S = 300


def import_demo(*, project):
    """Draw, import and analyse the demo's files; what is there already is left alone."""
    owner = project.created_by
    with tempfile.TemporaryDirectory() as folder:
        for demo in FILES:
            if project.acquisitions.filter(name=demo.name).exists():
                continue
            path = Path(folder) / demo.name
            write_file(demo, path)
            imported = import_acquisition(by=owner, project=project, path=path, name=demo.name)
            run_import(acquisition_pk=imported.acquisition.pk)
    limit = time.monotonic() + IMPORT_LIMIT_S
    while project.acquisitions.filter(status__in=UNFINISHED).exists() and time.monotonic() < limit:
        time.sleep(0.5)  # another worker took the import's own message first
    if not project.runs.exists() and project.acquisitions.filter(status=Acquisition.Status.READY).exists():
        start_inference(by=owner, project=project)
