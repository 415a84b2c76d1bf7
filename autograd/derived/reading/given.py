"""What a function is given: its inputs and its object, under names, and the copies on which it runs."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np

from ...attributes import entry, items_of, set_attribute
from ...formulas.algebra.expressions import Ref
from ...tensor import Tensor
from ...transforms.structure import flat, rebuilt
from ...users import Place, entries, holds_variables, parts

Shift = Callable[[Any], Any]
Lift = Literal["tensors", "recorded", "arrays"]
KINDS = (Tensor, np.ndarray, np.generic, int, float)


def with_object(f: Callable[..., Any], inputs: dict[str, Any]) -> dict[str, Any]:
    """The inputs; before them the object of a method, under the method's name for it."""
    owner = owner_of(f)
    return inputs if owner is None else {owner: f.__self__, **inputs}  # type: ignore[attr-defined]


def owner_of(f: Callable[..., Any]) -> str | None:
    """What a method calls its object, `self`, if that has variables; None for a plain function."""
    bound = getattr(f, "__self__", None)
    has_code = hasattr(getattr(f, "__func__", None), "__code__")
    return f.__func__.__code__.co_varnames[0] if has_code and holds_variables(bound) else None  # type: ignore[attr-defined]


def called_with(f: Callable[..., Any], given: dict[str, Any]) -> Any:
    """What f returns for its inputs; a method is called on the object among them."""
    owner = owner_of(f)
    if owner is None:
        return f(**given)
    return f.__func__(given[owner], **{k: v for k, v in given.items() if k != owner})  # type: ignore[attr-defined]


def reached(scope: dict[str, Any]) -> Iterator[tuple[Ref, Any]]:
    """The variables of a scope, and what is in them: `Ws[0]` as ("Ws", 0), `net.b` as ("net_b",)."""
    return ((ref, value) for ref, _, value in located(scope))


def located(scope: dict[str, Any]) -> Iterator[tuple[Ref, Place, Any]]:
    """What is reached, with its place: the attribute W of `self` is ("W",), at ("self", "W").

    If another variable has its name, an attribute is called "self_W".
    """
    for name, place in roots(scope).items():
        if name.startswith("__"):
            continue
        value = dug(scope, place)
        yield (name,), place, value
        for path, part in parts(value, ()):
            ref = (name, *path) if is_plain(value, path) else ("_".join(map(str, (name, *path))),)
            yield ref, (*place, *path), part


def roots(scope: dict[str, Any]) -> dict[str, Place]:
    """The places of the variables of a scope, and of the attributes of its `self`, by name."""
    own = scope.get("self")
    if not holds_variables(own):
        return {name: (name,) for name in scope}
    found: dict[str, Place] = {name: (name,) for name in scope if name != "self"}
    attributes: dict[str, Place] = {}
    for key, value in entries(own):
        if scope.get(key, value) is value:
            attributes.setdefault(key, ("self", key))
        else:
            attributes[f"self_{key}"] = ("self", key)
    return attributes | found


def dug(value: Any, place: Place) -> Any:
    """The value at a place."""
    for key in place:
        value = entry(value, key)
    return value


def is_plain(value: Any, path: Place) -> bool:
    """Whether a path leads only through containers, and so can be written with indices."""
    for key in path:
        if not isinstance(value, dict | list | tuple):
            return False
        value = entry(value, key)
    return True


def copied(inputs: dict[str, Any], wrt: set[Ref], shift: Shift | None, lift: Lift) -> dict[str, Any]:
    """A copy of the inputs, moved, with Tensors in the place of the arrays whose gradients are wanted.

    `lift` says what all other floats become: Tensors, as `X.dot(W)` of an array is NumPy's own method;
    Tensors that are recorded too, so that what is computed from them alone can be computed again; or arrays.
    """
    move = shift or (lambda a: a)

    def one(path: Ref, value: Any) -> Any:
        """The copy of one value."""
        if type(value) is Tensor or isinstance(value, np.ndarray):
            data = move(np.array(value.data if type(value) is Tensor else value))
            data = data.astype(float) if data.dtype.kind == "f" else data
            is_lifted = data.dtype.kind == "f" and (lift != "arrays" or path in wrt or type(value) is Tensor)
            return Tensor(data, requires_grad=lift == "recorded" or path in wrt) if is_lifted else data
        if isinstance(value, np.generic) and path in wrt:
            return Tensor(move(np.array(value, float)), requires_grad=True)
        return copy.deepcopy(value)

    given: dict[str, Any] = rebuilt(inputs, {p: one(p, value) for p, value in flat(inputs).items()})
    lift_objects(given, wrt, move)
    return given


def lift_objects(given: dict[str, Any], wrt: set[Ref], move: Shift) -> None:
    """Do the same in objects among the inputs, which are copies already; what is shared stays shared."""
    known = flat(given)
    inside = [(ref, place, v) for ref, place, v in located(given) if place not in known]
    wanted = {id(v) for ref, _, v in inside if ref in wrt}
    made: dict[int, Any] = {}
    for _, place, value in inside:
        kind = getattr(getattr(value, "dtype", None), "kind", "")
        if id(value) not in made and kind == "f":
            made[id(value)] = lifted(value, id(value) in wanted, move)
        if made.get(id(value), value) is not value:
            put(given, place, made[id(value)])


def lifted(value: Any, is_wanted: bool, move: Shift) -> Any:
    """An array of floats in an object, moved; it is a Tensor if its gradient is wanted."""
    if type(value) is Tensor:
        value.data[...] = move(value.data)
        return value
    if isinstance(value, np.generic) and not is_wanted:
        return value
    data = move(np.array(value, float))
    return Tensor(data, requires_grad=True) if is_wanted else data


def put(given: dict[str, Any], place: Place, value: Any) -> None:
    """Put a value at a place; a tuple on the way to it is replaced by another one."""
    *way, key = place
    holder = dug(given, tuple(way))
    if isinstance(holder, tuple):
        values = [value if k == key else part for k, part in items_of(holder)]
        put(given, tuple(way), type(holder)(*values) if hasattr(holder, "_fields") else type(holder)(values))
    elif isinstance(holder, dict | list):
        holder[key] = value
    else:
        set_attribute(holder, key, value)


def moved(rng: np.random.Generator, whole: bool) -> Shift:
    """What moves an array to other values of its kind: signs stay, and zeros become anything.

    Whole numbers and masks are shuffled; with `whole`, whole numbers are moved like floats, if f allows it.
    """

    def shift(a: Any) -> Any:
        """The array at other values."""
        if a.dtype.kind == "f":
            return a * np.exp(rng.normal(0, 0.3, a.shape)) + (a == 0) * rng.normal(0, 0.5, a.shape)
        if whole and a.dtype.kind in "iu":
            return a + rng.normal(0, 0.3, a.shape)
        return rng.permutation(a.ravel()).reshape(a.shape)

    return shift
