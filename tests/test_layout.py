"""The plan of the house: imports point one way, and each module has its tests."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = [  # a module may import from its own floor and from those before it
    {"errors"},
    {"ops"},
    {"engine", "mode", "operands"},
    {"arraylike"},
    {"gradient"},
    {"tensor"},
    {"functions"},
    {"rules"},
    {"transforms"},
    {"graph"},
    {"check", "show"},
    {"autograd"},
    {"nn"},
]
MODULES = sorted(p for package in ("autograd", "nn") for p in (ROOT / package).rglob("*.py"))


def room(path):
    """The room a module is in: `rules` for autograd/rules/shape.py, `nn` for all of nn."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return "nn" if parts[0] == "nn" else parts[1] if parts[1] != "__init__" else "autograd"


def floor(name):
    return next(i for i, rooms in enumerate(FLOORS) if name in rooms)


def imported(path):
    """The rooms that a module imports from."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            full = (*base, *(node.module or "").split(".")) if node.module else base
            yield from ((*full, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_one_way(path):
    here = room(path)
    for full in imported(path):
        if full[0] == "nn":
            assert here == "nn"
        if full[0] == "autograd" and here != "nn" and len(full) > 1:
            there = (
                full[1]
                if (ROOT / "autograd" / full[1]).exists() or (ROOT / "autograd" / f"{full[1]}.py").exists()
                else "autograd"
            )
            assert floor(there) <= floor(here), f"{here} imports {'.'.join(full)}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_nn_uses_public_names_only(path):
    for full in imported(path):
        if room(path) == "nn" and full[0] == "autograd":
            assert len(full) == 2 or full[1] == "errors", ".".join(full)
