"""What backward is given: inputs and forward's variables by name, upstream gradients, what forward kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ....users import variables
from .arguments import elements_of, is_cache, missing_inputs, needed, parameters_of, plain

Scope = Mapping[str, Any]  # variables by name


def seen(frames: Mapping[str, list[dict[str, Any]]], own: str, inputs: Scope) -> dict[str, Any]:
    """What the variables of forward, and of the functions that it called, held as these returned, by name.

    Forward's own come before the others, and the shortest way to a name counts: W is `self.W`, and not
    `grads["W"]`.
    """
    found: dict[str, Any] = {}
    scopes = [f for name, held in frames.items() if name != own for f in held]
    for scope in (*scopes, inputs, *frames.get(own, ())):
        places = [(p, v) for p, v in variables(scope) if isinstance(p[-1], str)]
        inner = {p[-1]: v for p, v in sorted(places, key=lambda one: -len(one[0]))}
        found |= inner | {k: v for k, v in scope.items() if k != "self"}
    return found


def own_variables(
    scope: Scope, stored: Iterable[str], returned: Any, outputs: int, asked: Iterable[str]
) -> dict[str, Any]:
    """The variables of forward itself; where it returns more than outputs or a loss, only returned caches.

    The cache of the last step of a loop may go by the name that backward has for the list of them all; and
    that list by the name of all that is returned, if backward asks for one cache and one is returned.
    """
    elements = elements_of(returned)
    handed = [v for _, v in elements]
    if len(elements) != max(outputs, 1) + 1 or len([name for name in asked if is_cache(name)]) != 1:
        handed += [part for v in handed if isinstance(v, tuple | list | dict) for _, part in elements_of(v)]
    is_kept = len(elements) > max(outputs, 1)
    return {
        k: scope[k] for k in stored
        if k in scope and not (is_kept and is_cache(k) and not any(scope[k] is v for v in handed))
    }  # fmt: skip


def filled(
    backward: Any, known: Scope, returned: Any, upstream: Mapping[Any, Any], scope: Scope
) -> tuple[dict[str, Any], list[str]]:
    """The arguments of backward, and the names of those that are upstream gradients.

    `known` are inputs and variables by name, `upstream` the drawn gradients by the places of their outputs in
    what forward `returned`, `scope` the variables of forward.
    Raises DerivationError if a parameter without a default has no value.
    """
    signature = parameters_of(backward)
    if any(p.kind is p.VAR_KEYWORD for p in signature):
        return {k: plain(v) for k, v in known.items()}, []
    named = [p.name for p in signature if p.name in known and p.kind is not p.VAR_POSITIONAL]
    found = {name: plain(known[name]) for name in named}
    free = [name for name in needed(backward) if name not in found]
    gradients = given_by_name(free, returned, upstream, scope)
    found |= {name: np.array(upstream[key])[()] for name, key in gradients.items()}
    rest = [v for k, v in elements_of(returned) if k not in upstream] if upstream else kept_in(returned)
    found |= kept_for([name for name in free if name not in found], rest)
    if missing := [name for name in needed(backward) if name not in found]:
        raise missing_inputs(backward, missing, map(str, known))
    return found, list(gradients)


def given_by_name(
    free: list[str], returned: Any, upstream: Mapping[Any, Any], scope: Scope
) -> dict[str, Any]:
    """The places of outputs, by the parameters that take their gradients: `dnext_h` takes the gradient of h.

    The parameters that are called after no output take the outputs that are left, in order.
    """
    found: dict[str, Any] = {}
    parameters = [name for name in free if not is_cache(name)]
    left = list(upstream)
    for name in parameters:
        matching = [k for k in left if k in outputs_named(returned, name, scope)]
        if len(matching) == 1 and len(left) > 1:
            found[name] = matching[0]
            left.remove(matching[0])
    return found | dict(zip((n for n in parameters if n not in found), left, strict=False))


def outputs_named(returned: Any, parameter: str, scope: Scope) -> list[Any]:
    """The outputs that a parameter is called after: `dnext_h` after `h`."""
    spaced = parameter.replace("d", " ", 1).replace("_", " ").replace("grad", " ").replace("next", " ")
    words = set(spaced.split())
    found = []
    for key, value in elements_of(returned):
        names = {key} if isinstance(key, str) else {n for n, v in scope.items() if v is value}
        if names & words:
            found.append(key)
    return found


def kept_in(returned: Any) -> list[Any]:
    """What was returned after the loss, which comes first."""
    return [v for _, v in elements_of(returned)[1:]]


def kept_for(free: list[str], rest: list[Any]) -> dict[str, Any]:
    """What forward returned beside its outputs, for the free parameters: all of it for one, or in order."""
    if len(free) == 1 and rest:
        return {free[0]: plain(rest[0]) if len(rest) == 1 else tuple(plain(r) for r in rest)}
    return {name: plain(value) for name, value in zip(free, rest, strict=False)}
