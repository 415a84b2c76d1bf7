"""The forward pass on Tensors: its graph, for which it runs until all arrays that have to be Tensors are."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ....engine import Node
from ....errors import DerivationError, HistoryWarning
from ....graph.ancestors import ancestors, needs_gradient
from ....mode import GRADIENTS, Block
from ....tensor import Tensor
from ....transforms.structure import name_of
from .arguments import name_in_code, names_stored, needed, taken
from .graph import Forward
from .objects.copies import Shift, lifted, plain_copy
from .objects.reach import Root
from .objects.state import exchanged
from .outputs import loss_before, loss_of, traced_in
from .probes.trace import Filled, Tracing, last_name
from .probes.versions import Versions, are_stale
from .raising import severed_at
from .stage import Stage, silenced
from .training import loss_in

Leaves = dict[tuple[Any, ...], Tensor]  # by the ways that lead to them

MOST_FILLED = 200  # arrays that forward may fill with Tensors, each of which costs a run


class LoosenedError(Exception):
    """More of the inputs are parameters, or Tensors, than was thought: forward is to run again."""


def traced(stage: Stage, shift: Shift | None = None) -> Forward:
    """The graph of the forward pass.  Arrays that are filled with Tensors become Tensors themselves."""
    with stage.rewritten(True):
        for _ in range(MOST_FILLED):
            try:
                return traced_once(stage, shift)
            except Filled as found:
                if found.made is None or found.made in stage.fill:
                    raise DerivationError(
                        f"{name_of(stage.forward)} puts what depends on its inputs into an array that is "
                        "made out of sight: make it in your own code, by np.zeros(...)"
                    ) from None
                stage.fill.add(found.made)
            except LoosenedError:
                continue
            finally:
                stage.before.restore()
    raise DerivationError(f"{name_of(stage.forward)} fills too many arrays: fill one of more dimensions")


def traced_once(stage: Stage, shift: Shift | None) -> Forward:
    """The graph of the forward pass, if it fills no more arrays than are known.

    Raises Filled if it does, and LoosenedError if it is to run again for another reason.
    """
    run = Tracing(name_in_code(stage.forward), stage.fill)
    run.versions = Versions() if stage.keeps_versions else None
    with Block(GRADIENTS):
        leaves, copies, done = lift(stage, shift)
        for path, tensor in leaves.items():
            run.name(last_name(path), tensor.node, path[0] is Root.INPUTS)  # type: ignore[arg-type]
        begun = {path: tensor.node for path, tensor in copies.items()}
        if stage.training:
            run.copies = set(map(id, copies.values()))
            run.kept = {k: leaves.get(p) for k, p in stage.training.updates.items()}
            run.done = set(map(id, done))
        returned, failed = run_on(stage, leaves, run)
        root = root_of(stage, returned, run, failed)
    keep_values(stage, root, run.versions)
    found = graph_of(root, leaves, run)
    found.buffers = frozenset(found.leaves[p] for p, node in begun.items() if is_filled(node, found))
    return found


def is_filled(node: Any, forward: Forward) -> bool:
    """Whether something else was put into an array before the loss was made of it."""
    held = [node]
    for before in held:  # which grows
        held += [
            child for child in forward.children.get(before, ())
            if child.op.name == "setitem" and child.parents[0] is before
        ]  # fmt: skip
    return any(not np.array_equal(after.data, node.data) for after in held)


def lift(stage: Stage, shift: Shift | None) -> tuple[Leaves, Leaves, list[Any]]:
    """The leaves that now stand in the place of arrays, by the ways to them, and the copies of some.

    A leaf that is changed in place stays as it is: the user's code gets a copy of it.  What another loss has
    updated before is no leaf: these are the last.
    """
    leaves: Leaves = {}
    copies: Leaves = {}
    done: list[Any] = []

    def leaf(path: tuple[Any, ...], value: Any) -> Any:
        """What stands in the place of one array."""
        if stage.training and path in stage.training.done:
            done.append(plain_copy(path, value, None))
            return done[-1]
        made = lifted(path, value, shift)
        if type(made) is Tensor and made.requires_grad:
            leaves[path] = made
            if path in stage.fill:
                copies[path] = made.copy()
                return copies[path]
        return made

    exchanged(stage.reach, leaf, stage.numbers)
    return leaves, copies, done


def run_on(stage: Stage, leaves: Leaves, run: Tracing) -> tuple[Any, Exception | None]:
    """What forward returns now that its inputs are leaves, and the error that it raised, if it did."""
    with silenced(), warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", HistoryWarning)
        try:
            return stage.run(run, stage.forward, taken(stage.forward, stage.inputs)), None
        except Filled as found:
            if isinstance(found.made, Node):  # a leaf that is changed in place
                raise Filled(next((p for p, t in leaves.items() if t.node is found.made), None)) from None
            raise
        except Exception as error:
            return None, error
        finally:
            run.severed = tuple((w.filename, w.lineno) for w in said)


def keep_values(stage: Stage, root: Node, versions: Versions | None) -> None:
    """Let the nodes of a loss refer to the values that they were computed with.

    Raises LoosenedError if these have changed since and were not kept: the next run keeps them.
    """
    nodes = ancestors([root], needs_gradient)
    if versions is not None:
        versions.restore(nodes)
    elif are_stale(nodes):
        stage.keeps_versions = True
        raise LoosenedError


def root_of(stage: Stage, returned: Any, run: Tracing, failed: Exception | None) -> Node:
    """The node of the loss: what forward returned, or the sum of that times drawn upstream gradients."""
    if stage.training:
        return loss_in(stage.training, run, stage.inputs, failed)
    if failed is not None:
        if stage.backward is not None:
            raise failed
        return loss_before(run, failed)
    if not traced_in(returned) and stage.loosened():
        raise LoosenedError
    if not traced_in(returned) and run.severed:
        raise DerivationError(severed_at(*run.severed[0]))
    loss = loss_of(name_of(stage.forward), returned, wanted(stage, run), stage.upstream)
    stage.outputs, stage.upstream = loss.outputs, loss.upstream
    return loss.node


def wanted(stage: Stage, run: Tracing) -> list[str]:
    """The parameters of backward that must be given, and that no input or variable of forward fills."""
    if stage.backward is None:
        return []
    # `bound` has the variables of its helpers, too, such as a gate g
    known = set(stage.inputs) | names_stored(stage.forward) | set(run.bound)
    return [p for p in needed(stage.backward) if p not in known]


def graph_of(root: Node, leaves: Leaves, run: Tracing) -> Forward:
    """The graph of a loss, with what a run noted of its nodes."""
    return Forward(
        root=root,
        leaves={path: tensor.node for path, tensor in leaves.items()},  # type: ignore[misc]
        bound={name: sorted(nodes, key=lambda n: n.index) for name, nodes in run.bound.items()},
        names=run.other_names | run.own_names,
        made=run.made,
        given=run.given,
        calls=run.calls,
        places=run.before(root),
        severed=run.severed,
    )
