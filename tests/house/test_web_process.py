"""The web process never loads torch: ten seconds and hundreds of megabytes that it has no use for."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEAVY = ["torch", "torchvision", "segmentation_models_pytorch", "timm"]
# All that a web process may come to load: the application, every URL's view, every socket, every task.
LOAD = """
import etemweb.asgi
from django.urls import URLResolver, get_resolver
def walk(resolver):
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            walk(pattern)
        else:
            pattern.callback
walk(get_resolver())
from etemweb.celery import app
app.loader.import_default_modules()
"""
REPORT = f"""
import sys
print(" ".join(name for name in {HEAVY} if name in sys.modules))
"""


def heavy_modules_after(code):
    done = subprocess.run(
        [sys.executable, "-c", code + REPORT],
        cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "etemweb.settings"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_the_web_process_loads_no_torch():
    found = heavy_modules_after(LOAD)
    assert not found, f"The web process loads {found}: import it inside the task that needs it."


def test_this_test_can_fail(tmp_path):
    (tmp_path / "torch.py").write_text("")  # a stand-in: the real one takes seconds and proves no more
    planted = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import torch\n"
    assert heavy_modules_after(planted + LOAD) == ["torch"]
