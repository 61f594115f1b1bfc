"""annotations <- mlcore <- analysis, Django only in files with Django's names, each layer its own business.

The table is that of docs/architecture.md. Every rule is tried on a file that breaks it, at the end.
"""

import ast
from functools import cache

import pytest

from tests.house.imports import ROOT, imported_modules, is_within, module_name

APPS = ["annotations", "mlcore", "analysis"]  # each may import those to its left, never to its right
SHELL = {
    "admin", "api", "apps", "auth", "consumers", "context_processors", "forms", "management", "middleware",
    "migrations", "models", "selectors", "services", "tasks", "templatetags", "urls", "views",
}  # fmt: skip
FRAMEWORKS = {"django", "celery", "channels", "rest_framework", "drf_spectacular", "django_filters", "redis"}
ANSWERS = ["views", "api", "urls", "consumers", "forms", "admin", "templatetags"]  # layers that know requests
OF_REQUESTS = [
    "django.http", "django.shortcuts", "django.views", "django.urls.resolvers", "django.contrib.messages",
    "rest_framework", "drf_spectacular", "django_filters", "channels.generic",
    *(f"{app}.{layer}" for app in APPS for layer in ANSWERS), "etemweb.middleware", "etemweb.urls",
]  # fmt: skip
SERVICES = [f"{app}.services" for app in APPS]
TASKS = [f"{app}.tasks" for app in APPS]
# What each layer may not import, whoever's it is.
FORBIDDEN = {
    "services": OF_REQUESTS,
    "selectors": OF_REQUESTS,
    "tasks": OF_REQUESTS,
    "models": [*OF_REQUESTS, *SERVICES, *TASKS],
}
# The door itself: that a row is not there is said in one place for all views, with the framework's exception.
LET_THROUGH = {("annotations.services.access", "django.shortcuts.get_object_or_404")}
HEAVY = ["torch", "torchvision", "segmentation_models_pytorch", "timm"]
MODULES = [path for app in APPS for path in (ROOT / app).rglob("*.py")]
WEB = list((ROOT / "etemweb").rglob("*.py"))


def label(path):
    return str(path.relative_to(ROOT))


def layer_of(path, root=ROOT):
    return path.relative_to(root).with_suffix("").parts[1]


def is_shell(path, root=ROOT):
    return layer_of(path, root) in SHELL or path.name == "__init__.py"


def wrongly_imported(path, root=ROOT):
    """What the file imports though the order of the apps, or its layer, forbids it."""
    app = path.relative_to(root).parts[0]
    banned = [*APPS[APPS.index(app) + 1 :], *FORBIDDEN.get(layer_of(path, root), [])]
    if not is_shell(path, root):
        banned += [*FRAMEWORKS, *(f"{one}.{name}" for one in APPS for name in SHELL)]
    own = module_name(path, root)
    excused = [name for module, name in LET_THROUGH if module == own]
    excused += [name.rpartition(".")[0] for name in excused]
    return {name for name in imported_modules(path, root) if is_within(name, banned)} - {*excused}


def request_arguments(path):
    """Functions of the file that are handed a request."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            if "request" in {argument.arg for argument in names}:
                yield f"{node.name} (line {node.lineno})"


def heavy_modules(paths, root=ROOT):
    """Names of all modules that load one of HEAVY as they are imported, through others too."""
    loads = {module_name(path, root): set(imported_modules(path, root, top_only=True)) for path in paths}
    found = {name for name, imported in loads.items() if any(is_within(one, HEAVY) for one in imported)}
    while further := {name for name, imported in loads.items() if imported & found} - found:
        found |= further
    return found


def heavily_imported(path, heavy, root=ROOT):
    """What the file imports, in a function or not, that is heavy or loads what is."""
    return {name for name in imported_modules(path, root) if is_within(name, HEAVY) or name in heavy}


@cache
def heavy_here():
    return heavy_modules(MODULES)


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_a_module_imports_only_what_its_layer_may(path):
    wrong = wrongly_imported(path)
    assert not wrong, f"{label(path)} may not import {wrong}: move that part into a service, or leftwards."


@pytest.mark.parametrize("path", [path for path in MODULES if layer_of(path) in FORBIDDEN], ids=label)
def test_below_the_views_nothing_knows_of_requests(path):
    wrong = list(request_arguments(path))
    assert not wrong, f"{label(path)}: {wrong} takes a request: hand it the user and the values it needs."


@pytest.mark.parametrize(
    "path", [*WEB, *(path for path in MODULES if layer_of(path) in {*ANSWERS, "models"})], ids=label
)
def test_a_web_module_never_loads_torch_not_even_in_a_function(path):
    wrong = heavily_imported(path, heavy_here())
    assert not wrong, f"{label(path)} imports {wrong}: queue a task, torch is the worker's."


def test_torch_is_looked_for_where_it_is():
    assert {"mlcore.nets.detector", "mlcore.training.detector"} <= heavy_here()


# Every rule, on a file that breaks it.


def planted(tmp_path, where, text):
    path = tmp_path / where
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("annotations/services/a.py", "from django.http import Http404"),
        ("annotations/services/a.py", "from django.shortcuts import get_object_or_404"),
        ("annotations/services/a.py", "from annotations.views.pause import with_pause"),
        ("annotations/services/a.py", "from ..views import pause"),
        ("annotations/services/a.py", "def f():\n    from .. import api"),
        ("annotations/services/deep/a.py", "from ...api.errors import problem"),
        ("mlcore/services/a.py", "import rest_framework.response"),
        ("mlcore/tasks.py", "from .views import runs"),
        ("annotations/models/a.py", "from annotations.services import access"),
        ("annotations/models/a.py", "from ..services.access import fetch"),
        ("annotations/models/__init__.py", "from ..api import errors"),
        ("annotations/models/a.py", "from annotations import views"),
        ("mlcore/models.py", "from .services import runs"),
        ("mlcore/models.py", "from annotations import tasks"),
        ("annotations/views/a.py", "from mlcore.models import Run"),
        ("annotations/shape.py", "from .models import Particle"),
        ("annotations/shape.py", "from . import services"),
        ("annotations/display/tiles.py", "from ..services import pixels"),
        ("annotations/display/tiles.py", "def f():\n    import django.db"),
    ],
)
def test_a_wrong_import_is_found(tmp_path, where, text):
    assert wrongly_imported(planted(tmp_path, where, text), tmp_path)


@pytest.mark.parametrize(
    ("where", "text"),
    [
        (
            "annotations/services/a.py",
            "from ..models import Particle\nfrom . import b\nfrom ..shape import m",
        ),
        ("annotations/services/a.py", "from annotations.apis import x\nfrom django.db import models"),
        ("mlcore/models.py", "from annotations.models import Frame"),
        ("annotations/display/tiles.py", "from . import thumbnail\nfrom .. import shape\nimport numpy"),
        ("annotations/views/a.py", "from ..services import b\nfrom django.http import Http404"),
    ],
)
def test_a_right_import_is_let_through(tmp_path, where, text):
    assert not wrongly_imported(planted(tmp_path, where, text), tmp_path)


def test_a_request_handed_down_is_found(tmp_path):
    text = "class A:\n    async def f(self, *, request):\n        pass\ndef g(x): pass"
    assert list(request_arguments(planted(tmp_path, "a.py", text))) == ["f (line 2)"]


@pytest.mark.parametrize(
    "text",
    [
        "def view(request):\n    import torch",
        "def view(request):\n    from torch.nn import Module",
        "def view(request):\n    from mlcore.nets.net import Net",
        "def view(request):\n    from ..nets import wrapper",
        "import mlcore.nets.wrapper",
    ],
)
def test_torch_in_a_function_is_found(tmp_path, text):
    nets = [
        planted(tmp_path, "mlcore/nets/__init__.py", ""),
        planted(tmp_path, "mlcore/nets/net.py", "import torch\nclass Net: pass"),
        planted(tmp_path, "mlcore/nets/wrapper.py", "from .net import Net"),
        planted(tmp_path, "mlcore/nets/later.py", "def load():\n    from .net import Net"),
    ]
    heavy = heavy_modules(nets, tmp_path)
    assert heavy == {"mlcore.nets.net", "mlcore.nets.wrapper"}
    assert heavily_imported(planted(tmp_path, "mlcore/views/a.py", text), heavy, tmp_path)
