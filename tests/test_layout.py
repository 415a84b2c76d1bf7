"""The plan of the house: imports point one way."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = {  # a module may import from its own floor and from the floors above it in this list
    "autograd": [
        {"errors"},
        {"anomalies", "ops"},
        {"mode"},
        {"engine"},
        {"conversions", "hooks", "outputs", "refusals"},
        {"tensor"},
        {"bases"},
        {"record"},
        {"functions", "views"},
        {"operators"},
        {"rules"},
        {"transforms"},
        {"attributes", "formulas", "graph", "users"},
        {"check", "compiled"},
        {"derived"},
        {"show"},
        {"command"},
        {"__main__"},
        {"__init__"},
    ],
    "nn": [
        {"errors"},
        {"data", "functional", "init", "module", "optim"},
        {"io", "layers", "losses", "metrics", "trace"},
        {"checkpoint"},
        {"evaluation", "plots"},
        {"history"},
        {"fit"},
        {"__init__"},
    ],
}
MODULES = sorted(p for package in FLOORS for p in (ROOT / package).rglob("*.py"))


def room(package, name):
    """The room of a package's name; a name that the package takes from a room is the package's own."""
    path = ROOT / package / name
    return name if path.is_dir() or path.with_suffix(".py").exists() else "__init__"


def floor(package, name):
    return next(i for i, rooms in enumerate(FLOORS[package]) if name in rooms)


def imported(path):
    """The full names of what a module imports."""
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
    package, here = path.relative_to(ROOT).with_suffix("").parts[:2]
    for full in imported(path):
        if full[0] == "nn":
            assert package == "nn"
        if full[0] == package and len(full) > 1:
            there = room(package, full[1])
            assert floor(package, there) <= floor(package, here), f"{here} imports {'.'.join(full)}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_nn_uses_public_names_only(path):
    for full in imported(path):
        if path.is_relative_to(ROOT / "nn") and full[0] == "autograd":
            assert len(full) == 2 or full[1] == "errors", ".".join(full)
