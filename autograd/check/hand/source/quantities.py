"""What is in the scope of a line that a derivative could be made of."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, permutations, product
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from ..match.names import is_called_gradient

INNER = "inner_"  # quantities that the user gave no name are called so while they are tried
MOST_LISTS = 6  # of which the length is tried
MOST_HELD = 40  # arrays in containers and objects that are tried
MOST_PLACES = 12  # elements of a list that are tried
NO_HOLDERS = (type, ModuleType, FunctionType, np.ndarray)  # what has attributes and holds nothing of a line's


def indexed(scope: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What arrays and lists hold at the indices in scope: `hs[t]`, `x[:, t]`, `kernel[i, j]`.

    >>> [name for name, _ in indexed({"x": np.ones((3, 2, 2)), "t": 1})]
    ['x[t]', 'x[:, t]']
    """
    indices = {k: v for k, v in scope.items() if is_index(v) and v >= 0}
    own = scope.get("self")
    kept = vars(own) if hasattr(own, "__dict__") and not isinstance(own, NO_HOLDERS) else {}
    for name, value in (*scope.items(), *((f"self.{k}", v) for k, v in kept.items())):
        yield from at_indices(name, value, indices)
    yield from islice(held_in(scope), MOST_HELD)


def at_indices(name: str, value: Any, indices: dict[str, int]) -> Iterator[tuple[str, Any]]:
    """What an array, a list or a dictionary by time holds at some indices."""
    is_array = isinstance(value, np.ndarray) and value.ndim > 0
    for t, i in indices.items():
        if (is_array or isinstance(value, list)) and i < len(value):
            yield f"{name}[{t}]", value[i]
        if is_array and value.ndim > 1 and i < value.shape[1]:
            yield f"{name}[:, {t}]", value[:, i]
        for text, j in ((t, i), (f"{t} - 1", i - 1), (f"{t} + 1", i + 1)):
            if isinstance(value, dict) and j in value and is_numeric(value[j]):
                yield f"{name}[{text}]", value[j]
    for (t, i), (u, j) in permutations(indices.items(), 2):
        if is_array and value.ndim == 2 and i < len(value) and j < value.shape[1]:
            yield f"{name}[{t}, {u}]", value[i, j]


def is_index(value: Any) -> bool:
    """Whether a variable may count places: an integer of Python's or of NumPy's, no truth."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def held_in(scope: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The arrays in the containers and objects in scope: `cache['A']`, `a[-2]`, `self.params['W']`.

    >>> [name for name, _ in held_in({"c": {"x": np.ones(2), "in": [np.ones(1)]}, "n": 3})]
    ["c['x']", "c['in'][-1]"]
    """
    for name, value in scope.items():
        for text, part in parts_of(name, value):
            if isinstance(part, np.ndarray):
                yield text, part
            else:
                yield from (one for one in parts_of(text, part) if isinstance(one[1], np.ndarray))


def parts_of(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """What a container or an object holds, by expressions."""
    if isinstance(value, dict):
        yield from ((f"{name}[{k!r}]", v) for k, v in value.items() if isinstance(k, str | int))
    elif isinstance(value, list | tuple):
        n = len(value)
        yield from ((f"{name}[{i - n}]", v) for i, v in enumerate(value[:MOST_PLACES]))
    elif hasattr(value, "__dict__") and not isinstance(value, NO_HOLDERS):
        yield from ((f"{name}.{k}", v) for k, v in vars(value).items())


def is_inner(name: str) -> bool:
    """Whether a quantity has no name that the user gave it."""
    return INNER in name


def bracketed(name: str) -> str:
    """The text of an expression, in brackets if it needs them in a product."""
    return f"({name})" if " " in name and not name.startswith("(") else name


def is_numeric(value: Any) -> bool:
    """Whether a variable holds a number or numbers."""
    is_array = isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "fcbiu"
    return is_array or type(value) in (int, float)


def multiples_of(name: str, scope: dict[str, Any]) -> dict[str, Any]:
    """A variable times each of the broken numbers in scope, or divided by a whole one; a row as a column too.

    >>> list(multiples_of("v", {"v": np.ones(2), "beta": 0.5, "n": 3}))
    ['beta * v', 'v / n', 'v[:, None]', 'beta * v[:, None]', 'v[:, None] / n']
    """
    held: Any = scope.get(name)
    if not is_numeric(held):
        return {}
    forms = {name: held} | ({f"{name}[:, None]": held[:, None]} if np.ndim(held) == 1 else {})
    numbers = {f"{k} * {{}}": v for k, v in scope.items() if isinstance(v, float) and k != name}
    sizes = {f"{{}} / {k}": 1 / v for k, v in scope.items() if is_index(v) and v > 1 and k != name}
    ways = {"{}": 1.0} | numbers | sizes
    made = {way.format(form): c * v for form, v in forms.items() for way, c in ways.items()}
    return {text: value for text, value in made.items() if text != name}


def scalars(scope: dict[str, Any]) -> Iterator[str]:
    """Numbers that a line may have to be divided by: 2, those in scope, and the lengths of axes."""
    yield "2"
    seen: set[Any] = {2}
    for name, value in scope.items():
        if (is_index(value) or type(value) is float) and value not in (0, 1):
            seen.add(value)
            yield name
    for name in ("self", "cls"):
        owner = scope.get(name)
        kinds = getattr(owner if isinstance(owner, type) else type(owner), "__mro__", ())
        for held in map(vars, filter(has_variables, (owner, *kinds))):
            for attribute, value in held.items():
                if type(value) in (int, float) and value not in (0, 1) and value not in seen:
                    seen.add(value)
                    yield f"{name}.{attribute}"
    for name, value in scope.items():
        for i, n in enumerate(np.shape(value) if isinstance(value, np.ndarray) else ()):
            if n > 1 and n not in seen:
                seen.add(n)
                yield f"{name}.shape[{i}]"
    several = [k for k, v in scope.items() if isinstance(v, list | tuple) and len(v) > 1]
    yield from (f"len({name})" for name in several[:MOST_LISTS])  # of another length in each round, perhaps


def roots(scope: dict[str, Any]) -> Iterator[str]:
    """The roots of the sizes in scope, by which attention's scores and first weights are divided."""
    sizes = (name for name in scalars(scope) if "shape" in name or is_index(scope.get(name)))
    yield from (f"np.sqrt({name})" for name in sizes)


def has_variables(owner: Any) -> bool:
    """Whether an object or a class has variables of its own."""
    return hasattr(owner, "__dict__")


def quantities(scope: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The arrays in scope, and what derivatives are often made of: 1 - A, A (1 - A), 1 - A², A², A > 0.

    The slope of a sigmoid is only made of what may come from one, from 0 to 1, and that of tanh likewise.

    >>> [name for name, _ in quantities({"m": np.array([True, False])})]
    ['m', '~m']
    >>> [name for name, _ in quantities({"p": np.array([0.2, 0.9]), "z": np.array([-3.0, 2.0])})]
    ['p', 'p**2', '1 - p', 'p * (1 - p)', '1 - p**2', 'z', 'z**2', '(z > 0)']
    """
    for name, value in (*scope.items(), *indexed(scope)):
        if not isinstance(value, np.ndarray | np.floating | np.bool_) or value.dtype.kind not in "fb":
            continue
        yield name, value
        if value.dtype.kind == "b":
            yield f"~{name}", np.logical_not(value)
        if value.dtype.kind == "b" or not value.size:
            continue
        least, largest = float(value.min()), float(value.max())
        yield f"{name}**2", value**2
        if least >= 0 and largest <= 1:
            yield f"1 - {name}", 1 - value
            yield f"{name} * (1 - {name})", value * (1 - value)
        if least >= -1 and largest <= 1:
            yield f"1 - {name}**2", 1 - value**2
        if least <= 0 < largest:
            yield f"({name} > 0)", value > 0


def gated_terms(value: Any, scope: dict[str, Any]) -> Iterator[str]:
    """What comes back through a gate: a gradient times an array of its shape, or times 1 less that.

    >>> list(gated_terms(np.ones(2), {"dh": np.ones(2), "z": np.zeros(2), "W": np.ones((2, 2))}))
    ['dh * z', 'dh * (1 - z)']
    """
    alike = [
        k for k, v in scope.items() if is_numeric(v) and not is_inner(k) and np.shape(v) == np.shape(value)
    ]
    gradients = [k for k in alike if is_called_gradient(k)]
    for gradient, gate in product(gradients, (k for k in alike if k not in gradients)):
        yield f"{gradient} * {gate}"
        yield f"{gradient} * (1 - {gate})"


def is_of_truths(value: Any) -> bool:
    """Whether a value is a row of truths, or of zeros and ones."""
    is_row = isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind in "fbiu"
    return is_row and bool(np.all((value == 0) | (value == 1)))
