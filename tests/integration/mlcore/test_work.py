"""What a worker does for each kind of run is there."""

import importlib

from mlcore.models import Run
from mlcore.services.execute import WORK


def test_every_kind_of_run_has_its_work():
    assert set(WORK) == set(Run.Kind) - {Run.Kind.INFER}
    for path in WORK.values():
        module, _, name = path.partition(":")
        assert callable(getattr(importlib.import_module(module), name))
