"""Tasks are named, limited, survive their worker, and are queued only once their rows are committed."""

import ast
from pathlib import Path

import pytest

from etemweb.celery import app

ROOT = Path(__file__).parents[2]
APPS = ("annotations", "mlcore", "analysis")
app.loader.import_default_modules()
TASKS = [task for name, task in sorted(app.tasks.items()) if name.split(".")[0] in APPS]
MODULES = [path for one in APPS for path in (ROOT / one).rglob("*.py")]
AT_ONCE = {"delay", "apply_async"}


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_a_task_is_named_limited_and_survives_its_worker(task):
    assert task.name.endswith("_task"), f"{task.name}: name it <verb>_task."
    assert task.acks_late, f"{task.name}: acks_late=True, or a killed worker loses it."
    assert task.soft_time_limit, f"{task.name}: give it a soft_time_limit."
    assert task.time_limit, f"{task.name}: give it a time_limit."
    assert task.soft_time_limit < task.time_limit, f"{task.name}: the soft limit must come first."


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_tasks_are_queued_on_commit_only(path):
    wrong = [
        f"{node.func.attr} on line {node.lineno}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        # A tasks module runs in the worker, where no transaction is open: there it may queue at once.
        and node.func.attr in (AT_ONCE if path.name != "tasks.py" else {"delay"})
        and ast.unparse(node.func.value).endswith("_task")
    ]
    assert not wrong, f"{path.name}: {wrong}: use delay_on_commit, or the worker may come before the row."
