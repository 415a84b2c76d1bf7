"""The modules and scopes in which the nodes of a graph were made, read from the nodes' notes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ..engine import Node
from ..mode import Notes
from .records import Scope, Source


class Scopes:
    """The scopes of a graph, in the order in which they are asked for.

    A module is any object with `named_modules` and `named_parameters`.  Notes refer to it weakly: once
    it is gone, only its class is known.
    """

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self.found: list[Scope] = []
        self.modules: dict[Scope, Any] = {}
        self.variables = {id(v): name for name, v in variables.items() if is_module(v)}
        self.known: dict[int, Scope | None] = {}  # the scope that a note stands for, by the note's id
        self.calls: Counter[tuple[Scope | None, str]] = Counter()
        self.parts: dict[int, dict[int, tuple[str, Any]]] = {}

    def of(self, notes: Notes) -> Scope | None:
        """The innermost scope that the notes record."""
        new = []
        while notes is not None and id(notes) not in self.known:
            new.append(notes)
            notes = notes[2]
        scope = None if notes is None else self.known[id(notes)]
        for note in reversed(new):
            if note[0] in ("scope", "part"):
                scope = self.enter(note, scope)
            self.known[id(note)] = scope
        return scope

    def enter(self, note: tuple[str, Any, Any], parent: Scope | None) -> Scope:
        """The new scope inside `parent` that a note records."""
        what, value, _ = note
        module, label, kind = None, value, ""
        if what == "part":
            label, around = str(value), self.enclosing(parent)
            module = next((m for name, m in self.parts_of(around).values() if name == label), None)
            kind = type(module).__name__ if module is not None else ""
        elif not isinstance(value, str):
            kind, module = value[0].__name__, value[1]()
            label = self.label_of(module, parent) or kind
        self.calls[parent, label] += 1
        path = f"{parent.path}.{label}" if parent else label
        scope = Scope(len(self.found) + 1, label, kind, path, self.calls[parent, label], parent)
        self.found.append(scope)
        self.modules[scope] = module
        return scope

    def label_of(self, module: Any, parent: Scope | None) -> str:
        """The enclosing module's name for a module, or else the variable that holds it."""
        name, _ = self.parts_of(self.enclosing(parent)).get(id(module), ("", None))
        return name or self.variables.get(id(module), "")

    def enclosing(self, scope: Scope | None) -> Any:
        """The innermost module whose call encloses a scope, if the module still exists."""
        while scope is not None and self.modules[scope] is None:
            scope = scope.parent
        return self.modules[scope] if scope is not None else None

    def parts_of(self, module: Any) -> dict[int, tuple[str, Any]]:
        """The modules inside a module, with their names in it, by their ids."""
        if module is None:
            return {}
        if id(module) not in self.parts:
            self.parts[id(module)] = {id(part): (name, part) for name, part in module.named_modules()}
        return self.parts[id(module)]

    def parameter_names(self) -> dict[int, str]:
        """The names of the parameters of all outermost modules, by the ids of their nodes."""
        names: dict[int, str] = {}
        for scope, module in self.modules.items():
            if module is not None and self.enclosing(scope.parent) is None:
                for name, tensor in module.named_parameters():
                    names.setdefault(id(tensor.node), f"{scope.path}.{name}")
        return names


def is_module(value: Any) -> bool:
    """Whether it is a Module, told by its methods: this package does not know `nn`."""
    return hasattr(type(value), "named_modules") and hasattr(type(value), "named_parameters")


def common(scope: Scope | None, other: Scope | None) -> Scope | None:
    """The innermost scope around both."""
    if scope is other or scope is None or other is None:
        return scope if scope is other else None
    chains = zip(scope.chain, other.chain, strict=False)
    return next((a for a, b in reversed(list(chains)) if a is b), None)


def source_of(node: Node) -> Source | None:
    """The user's line that made a node, if it was noted."""
    notes = node.notes
    while notes is not None and notes[0] in ("name", "line"):
        if notes[0] == "line":
            return Source(*notes[1])
        notes = notes[2]
    return None
