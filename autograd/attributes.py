"""The attributes of the user's objects: those in a dictionary, those in slots, and a named tuple's fields."""

from __future__ import annotations

import functools
from typing import Any


@functools.cache
def slots_of(kind: Any) -> tuple[str, ...]:
    """The names of the slots of a class and those it derives from.

    >>> class Step:
    ...     __slots__ = ("x", "__seen")
    >>> slots_of(Step)
    ('x', '_Step__seen')
    """
    names: list[str] = []
    for base in reversed(kind.__mro__):
        slots = vars(base).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            is_private = name.startswith("__") and not name.endswith("__")
            names.append(f"_{base.__name__.lstrip('_')}{name}" if is_private else name)
    return tuple(name for name in names if name not in ("__dict__", "__weakref__"))


def attributes(value: Any) -> dict[str, Any]:
    """What the attributes of an object hold, by their names."""
    kind: Any = type(value)
    held = {name: getattr(value, name) for name in slots_of(kind) if hasattr(value, name)}
    return held | getattr(value, "__dict__", {})


def set_attribute(value: Any, name: str, new: Any) -> None:
    """Let an attribute of an object hold another value; of a frozen one too."""
    kind: Any = type(value)
    if name in slots_of(kind):
        object.__setattr__(value, name, new)
    else:
        vars(value)[name] = new


def set_attributes(value: Any, new: dict[str, Any]) -> None:
    """Let an object hold these attributes and no others; a frozen one too."""
    kind: Any = type(value)
    for name in slots_of(kind):
        if name in new:
            set_attribute(value, name, new[name])
        elif hasattr(value, name):
            object.__delattr__(value, name)
    if hasattr(value, "__dict__"):
        held = vars(value)
        held.clear()
        held.update({k: v for k, v in new.items() if k not in slots_of(kind)})


def keys_of(values: Any) -> list[Any]:
    """The keys of a dictionary, the fields of a named tuple, the indices of any other sequence.

    >>> from collections import namedtuple
    >>> keys_of(namedtuple("Step", "x h")(1.0, 2.0)), keys_of([1.0])
    (['x', 'h'], [0])
    """
    if isinstance(values, dict):
        return list(values)
    fields = getattr(values, "_fields", None) if isinstance(values, tuple) else None
    return list(range(len(values))) if fields is None else list(fields)


def items_of(values: Any) -> list[tuple[Any, Any]]:
    """What a container holds, by its keys."""
    parts = values.values() if isinstance(values, dict) else values
    return list(zip(keys_of(values), parts, strict=True))


def entry(value: Any, key: Any) -> Any:
    """What stands under a key of a container, or in an attribute of an object."""
    is_field = isinstance(value, tuple) and isinstance(key, str)
    return value[key] if isinstance(value, dict | list | tuple) and not is_field else getattr(value, key)
