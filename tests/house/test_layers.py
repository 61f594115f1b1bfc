"""annotations <- mlcore <- analysis, and Django only in files with Django's names."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
APPS = ["annotations", "mlcore", "analysis"]  # each may import those to its left, never to its right
SHELL = {
    "admin", "api", "apps", "auth", "consumers", "context_processors", "forms", "management", "middleware",
    "migrations", "models", "selectors", "services", "tasks", "templatetags", "urls", "views",
}  # fmt: skip
FRAMEWORKS = {"django", "celery", "channels", "rest_framework", "drf_spectacular", "django_filters", "redis"}
MODULES = [path for app in APPS for path in (ROOT / app).rglob("*.py")]


def imported_modules(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_shell(path):
    return path.relative_to(ROOT).with_suffix("").parts[1] in SHELL or path.name == "__init__.py"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_its_layer_may(path):
    app = path.relative_to(ROOT).parts[0]
    banned = set(APPS[APPS.index(app) + 1 :])
    if not is_shell(path):
        banned |= FRAMEWORKS
    wrong = banned & {name.split(".")[0] for name in imported_modules(path)}
    assert not wrong, f"{path.name} may not import {wrong}: move that part into a service, or leftwards."


@pytest.mark.parametrize(
    "path", [path for path in MODULES if not is_shell(path)], ids=lambda path: str(path.relative_to(ROOT))
)
def test_a_pure_module_does_not_import_the_shell(path):
    shell = {f"{app}.{name}" for app in APPS for name in SHELL}
    wrong = {name for name in imported_modules(path) if ".".join(name.split(".")[:2]) in shell}
    assert not wrong, f"{path.name} is pure and may not import {wrong}: hand it the arrays it needs instead."
