"""The runs that a derivation is made from: one at the inputs, and two at other values of the same kind."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import DerivationError
from ..formulas.algebra.expressions import Ref
from ..tensor import Tensor
from .reading.given import Lift, located, moved, owner_of, reached, with_object
from .reading.observe import Run, run
from .reading.replay import again


def checked(inputs: Any) -> dict[str, Any]:
    """The inputs as a dict.  Raises DerivationError if they do not have names."""
    if not isinstance(inputs, Mapping):
        raise DerivationError(
            f"inputs is a {type(inputs).__name__}: pass a dictionary by name, {{'X': X, 'W1': W1}}"
        )
    return dict(inputs)


def first_run(f: Callable[..., Any], inputs: dict[str, Any], wrt: Iterable[str] | None) -> Run:
    """The run at the inputs.  Its leaves are the arrays whose gradients are wanted."""
    held = with_object(f, inputs)
    chosen = places(held, wrt)
    own = {ref for ref, place, _ in located(held) if place[0] == owner_of(f)} & chosen
    if wrt is None and own:
        with suppress(DerivationError):  # the loss may depend on none of them
            found = run(f, inputs, own)
            order = set(found.order)
            return replace(found, leaves={ref: node for ref, node in found.leaves.items() if node in order})
    return run(f, inputs, chosen)


def places(held: dict[str, Any], wrt: Iterable[str] | None) -> set[Ref]:
    """The places of the inputs whose gradients are wanted."""
    found = dict(reached(held))
    floats = {p for p, v in found.items() if getattr(getattr(v, "dtype", None), "kind", "") == "f"}
    if not floats:
        raise DerivationError(
            "there is no array of floats among the inputs, and no gradient by anything else"
        )
    if wrt is None:
        return {p for p in floats if type(found[p]) is Tensor and found[p].requires_grad} or floats
    wanted = set([wrt] if isinstance(wrt, str) else wrt)
    missing = wanted - {name for p in floats for name in called(p)}
    if missing:
        raise DerivationError(
            f"wrt names {', '.join(sorted(missing))}, and the arrays of floats among the inputs are "
            f"{', '.join(sorted({str(p[0]) for p in floats})) or 'none'}"
        )
    return {p for p in floats if wanted & called(p)}


def called(ref: Ref) -> set[str]:
    """The names by which `wrt` may ask for an input: both words of `params["W1"]`."""
    return {str(key) for key in (ref[0], ref[-1]) if isinstance(key, str)}


def runs_of(
    first: Run, f: Any = None, inputs: Any = None, chosen: Any = None, lift: Lift = "tensors"
) -> list[Run]:
    """The run at the inputs, and two more at other values, if f does the same there."""
    if not all(np.isfinite(g).all() for g in first.gradients.values()):
        raise DerivationError(
            "at these inputs the gradients are not finite, so no line could be tried: give others"
        )
    found = [first]
    for seed in range(8):
        for whole in (seed % 2 == 0, False):
            shift = moved(np.random.default_rng(seed), whole)
            try:
                with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
                    other = run(f, inputs, chosen, shift, lift) if f else again(first, shift)
            except Exception:  # a moved value may be no index any more, or outside of a domain
                continue
            if other.is_like(first) and all(np.isfinite(g).all() for g in other.gradients.values()):
                found.append(other)
                break
        if len(found) == 3:
            break
    return found
