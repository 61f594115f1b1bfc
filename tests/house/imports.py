"""What a Python file imports, however it is written: absolute or relative, at the top or in a function."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]


def module_name(path, root=ROOT):
    """`a/b/c.py` is a.b.c, `a/b/__init__.py` is a.b."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(path, root=ROOT, top_only=False):
    """Names of modules, and of what is taken from them: `from a import b` gives a and a.b.

    With `top_only` those that are imported with the file itself: not in a function.
    """
    package = module_name(path, root).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    tree = ast.parse(path.read_text())
    for node in _outside_functions(tree) if top_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # One dot is the package itself, each further one the package around it.
            around = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*around, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _outside_functions(node):
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _outside_functions(child)


def is_within(name, packages):
    """Whether the module is one of the packages or below one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)
