"""The forward pass on Tensors: a run of the user's code that notes which node was made where."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from .....engine import Node, next_index
from .....functions import scatter
from .....graph.ancestors import ancestors, needs_gradient
from .....tensor import Tensor
from .....users import Place, variables, written
from ..objects.reach import Root
from .kept import is_one, keeping_history
from .probe import OPERATORS, Run
from .record import is_array
from .rewriting.calls import JOINING
from .sites import Site
from .versions import Versions

MOST = 1000  # entries of a list, beyond which it is data and not a collection of intermediates
MOST_FRAMES = 3000  # calls of the user's functions, beyond which their variables are not looked into
READING = ("assign", "element", "part")  # where what was made elsewhere may only be read
NEUTRAL = {"Add": 0.0, "Sub": 0.0, "Mult": 1.0, "Div": 1.0}  # operands in place that change nothing


def stands_for_a_number(value: Any) -> bool:
    """Whether a Tensor stands for what is no array in the user's code, and so can't be changed in place."""
    return type(value) is Tensor and value.ndim == 0


def one_by_one(ufunc: Any, array: Tensor, index: Any, values: Any) -> None:
    """Do what `ufunc.at(array, index, values)` does to a Tensor, such as `np.maximum.at`.

    A place that comes several times is changed as often, one value after the other.
    """
    places = np.arange(array.size).reshape(array.shape)[index]
    operands = np.broadcast_to(values, places.shape).reshape(-1)
    places = places.reshape(-1)
    order = np.argsort(places, kind="stable")
    first = np.searchsorted(places[order], places[order])
    turns = np.empty_like(order)
    turns[order] = np.arange(len(order)) - first  # how often the place has come before
    for turn in range(turns.max(initial=-1) + 1):
        now = np.flatnonzero(turns == turn)
        where = np.unravel_index(places[now], array.shape)
        array[where] = ufunc(array[where], operands[now])


class Call(NamedTuple):
    """A call of a user's function: the nodes that it was given, and the node numbers at its start and end."""

    function: str
    given: dict[str, Node]
    start: float
    end: float


class Filled(BaseException):
    """A Tensor is about to be put into an array, which has to be a Tensor too.

    made  the array: its site and number, or the node of a leaf; None if it was made out of sight
    """

    def __init__(self, made: Any) -> None:
        self.made = made


class Tracing(Run):
    """Notes the nodes of Tensors by site and by name.

    own        the name of forward itself, whose names for things come before those of its helpers
    fill       the arrays that are to be Tensors, as Tensors are put into them: site and number
    kept       values that are new parameters, by site and number: in their place the old ones stay, but for
               None, of those that another loss has updated
    done       by identity, the parameters that another loss updates: with numbers that have no history
    copies     the copies of parameters, by identity, which an update in place leaves as they are
    versions   what plain arrays held before they were changed, where nodes were computed with them
    turns      how many arrays each site has made, by which `kept` finds a value
    made       the nodes that were made at a site or came by there; `since`, the number of the first
    first      the site where a node was seen first
    bound      the nodes that were put under a name
    given      the nodes that were passed to a parameter of a function
    arrays     by identity, the plain arrays that were made, with site and number; `counts` counts them
    losses     the last Tensor under each name that is one number; `loss_makers`, the function it was made in
    returned   the Tensors of one number that each function returned; `scalars`, all of one number, and
               `elements`, those that became elements of something
    open       the calls that have not returned yet
    """

    def __init__(self, own: str, fill: set[Any], kept: Mapping[tuple[Site, int], Any] | None = None) -> None:
        self.own, self.fill, self.kept = own, fill, kept or {}
        self.copies: set[int] = set()
        self.done: set[int] = set()
        self.versions: Versions | None = None
        self.turns: dict[Site, int] = {}
        self.made: dict[Site, list[Node]] = {}
        self.since: dict[Site, float] = {}
        self.first: dict[Node, Site] = {}
        self.bound: dict[str, dict[Node, None]] = {}
        self.own_names: dict[Node, str] = {}
        self.other_names: dict[Node, str] = {}
        self.given: dict[tuple[str, str], list[Node]] = {}
        self.arrays: dict[int, tuple[Any, Any]] = {}
        self.counts: dict[Site, int] = {}
        self.losses: dict[str, Tensor] = {}
        self.loss_makers: dict[str, str] = {}
        self.returned: dict[str, list[Tensor]] = {}
        self.scalars: list[Tensor] = []
        self.elements: list[Tensor] = []
        self.frames = 0
        self.open: list[tuple[str, dict[str, Node], float]] = []
        self.calls: list[Call] = []

    def name(self, name: str, node: Node, own: bool) -> None:
        """Put a node under a name."""
        self.bound.setdefault(name, {})[node] = None
        (self.own_names if own else self.other_names).setdefault(node, name)

    def note(self, site: Site, node: Node) -> None:
        """A node was made at a site, or came by there."""
        self.made.setdefault(site, []).append(node)
        self.since.setdefault(site, next_index())
        self.first.setdefault(node, site)

    def before(self, root: Node) -> frozenset[tuple[str, tuple[int, ...]]]:
        """Where in the source a loss was made; not where what it was made of got another name."""
        inside = set(ancestors([root], needs_gradient))
        return frozenset(
            (site.filename, site.span)
            for site, nodes in self.made.items()
            if self.since[site] <= root.index + 1
            and any(
                n in inside and (site.kind not in READING or self.first[n].statement == site.statement)
                for n in nodes
            )
        )

    def value(self, site: Site, value: Any) -> Any:
        """A value that was made: its node is noted; a new parameter gives way to the old one."""
        if self.kept and is_array(value):
            n = self.turns[site] = self.turns.get(site, -1) + 1
            if (site, n) in self.kept:
                old = self.kept[site, n]
                return without_history(value) if old is None else old
        if type(value) is Tensor:
            node = value.node
            if node is not None and node.requires_grad:
                self.note(site, node)
                if value.data.size == 1:
                    self.scalars.append(value)
                    if site.kind == "element":
                        self.elements.append(value)
                    if site.kind == "return":
                        self.returned.setdefault(site.function, []).append(value)
                if site.name and site.kind not in ("argument", "return"):
                    self.name(site.name, node, site.function == self.own)
                    if value.data.size == 1:
                        self.losses[site.name], self.loss_makers[site.name] = value, site.function
            return value
        return self.array_made(site, value) if type(value) is np.ndarray else value

    def array_made(self, site: Site, value: Any) -> Any:
        """An array, or a Tensor of it if it is one that Tensors will be put into."""
        if id(value) in self.arrays or value.dtype.kind != "f":
            return value
        n = self.counts[site] = self.counts.get(site, 0) + 1
        if (site, n) in self.fill:
            return Tensor(value)
        self.arrays[id(value)] = value, (site, n)
        return value

    def part(self, site: Site, value: Any) -> Any:
        """The value of an inner expression, which has no name: its node is noted."""
        if type(value) is Tensor:
            node = value.node
            if node is not None and node.requires_grad:
                self.note(site, node)
            return value
        return self.array_made(site, value) if type(value) is np.ndarray else value

    def unpack(self, sites: Any, values: Any) -> Any:
        """Several values, each as if it had been assigned by itself."""
        if isinstance(values, tuple | list) and len(values) == len(sites):
            return tuple(self.value(site, v) for site, v in zip(sites, values, strict=True))
        return values

    def after(self, site: Site, value: Any) -> Any:
        """What a variable holds after a change, as if it had been assigned."""
        return self.value(site, value)

    def changed(self, site: Site, owner: Any, key: Any, attribute: bool = False) -> None:
        """Note what was put under an attribute or a key, or the Tensor that has got a new entry."""
        if attribute:
            self.value(site, getattr(owner, key, None))
        elif isinstance(owner, dict) and isinstance(key, str):
            value = owner.get(key)
            if type(value) is Tensor and value.requires_grad:
                self.name(key, value.node, site.function == self.own)  # type: ignore[arg-type]
        elif type(owner) is Tensor:
            self.value(site, owner)

    def store(self, word: str, value: Any, owner: Any, key: Any = None) -> Any:
        """What is put into an array: nothing that would change a parameter, and a Tensor for a list of them.

        Raises Filled if the array has to be a Tensor for that.
        """
        if key is not None and isinstance(owner, dict | list) and not isinstance(key, slice):
            owner = owner[key]
        if id(owner) in self.copies and word in NEUTRAL:
            return NEUTRAL[word]
        if id(owner) in self.done:
            return without_history(value)
        if type(owner) is np.ndarray and owner.dtype.kind not in "fcO":  # places have no gradients
            value = without_history(value)
        self.fills(owner, value)
        if self.versions is not None and type(owner) is np.ndarray:
            self.versions.keep(owner)
        if type(owner) is Tensor and isinstance(value, list | tuple) and has_tensor(value):
            return stacked(value)
        return value

    def augmented(self, word: str, value: Any, held: Any, owner: Any = None, key: Any = None) -> Any:
        """What is there after `held += value`: a number is another then, an array the same.

        An element of an array is none of these, and a parameter that is updated stays what it is.
        """
        is_updated = id(held) in self.copies or any(held is t for t in self.kept.values())
        if stands_for_a_number(held) and not is_updated and not isinstance(owner, Tensor):
            return OPERATORS[word][1](held, value)
        return OPERATORS[word][0](held, self.store(word, value, held if owner is None else owner, key))

    def store_each(self, _: None, values: Any, owners: tuple[Any, ...]) -> Any:
        """What is put into several arrays, each as by itself."""
        if not isinstance(values, tuple | list | np.ndarray | Tensor) or len(values) != len(owners):
            return values
        pairs = zip(values, owners, strict=True)
        return tuple(v if owner is None else self.store("set", v, owner) for v, owner in pairs)

    def fills(self, owner: Any, value: Any) -> None:
        """Raise Filled if an array that is no Tensor yet, or is a leaf, is about to be changed."""
        if type(owner) is np.ndarray and has_tensor(value):
            base = owner
            while id(base) not in self.arrays and type(base.base) is np.ndarray:
                base = base.base
            raise Filled(self.arrays.get(id(base), (None, None))[1])
        if type(owner) is Tensor and owner.is_leaf:
            raise Filled(owner.node)

    def at(self, _: None, ufunc: Any, array: Any, index: Any, values: Any) -> None:
        """Do what `np.add.at(array, index, values)` does, to a Tensor too, which keeps its history."""
        self.fills(array, values)
        if type(array) is not Tensor:
            ufunc.at(array, index, values)
        elif ufunc in (np.add, np.subtract):
            places = np.shape(array.data[index])
            array[...] = ufunc(array, scatter(np.broadcast_to(values, places), index, array.shape))
        else:
            one_by_one(ufunc, array, index, values)

    def into(self, _: None, function: Any, out: Any, args: Any, words: Any) -> Any:
        """What `function(*args, out=out, **words)` does, to a Tensor too, which keeps its history."""
        if out is None or not any(type(v) is Tensor for v in (out, *args, *words.values())):
            return function(*args, out=out, **words)
        where = words.pop("where", True)
        made = function(*args, **words)
        whole = made if where is True else np.where(where, made, out)
        if type(out) is np.ndarray and id(out) not in self.arrays:
            return whole  # nobody else holds what was made for this: `out=np.zeros_like(x)`
        out[...] = self.store("set", whole, out)
        return out

    def enter(self, site: Site, given: dict[str, Any]) -> None:
        """Note which nodes a function was given, under which names."""
        nodes: dict[str, Any] = {k: v.node for k, v in given.items() if type(v) is Tensor and v.requires_grad}
        self.open.append((site.function, nodes, next_index()))
        for name, value in given.items():
            if type(value) is Tensor and value.requires_grad:
                self.given.setdefault((site.function, name), []).append(value.node)  # type: ignore[arg-type]
                self.name(name, value.node, site.function == self.own)  # type: ignore[arg-type]

    def leave(self, site: Site, value: Any) -> Any:
        """What a function returns; its call has ended, and its variables say what nodes are called."""
        while self.open:  # a call that raised is still open
            function, nodes, start = self.open.pop()
            if nodes:
                self.calls.append(Call(function, nodes, start, next_index()))
            if function == site.function:
                break
        self.frames += 1
        if self.frames < MOST_FRAMES:
            self.name_all(sys._getframe(1).f_locals, site.function == self.own)
        return value

    def name_all(self, scope: Mapping[str, Any], own: bool) -> None:
        """Put the nodes of all Tensors that variables lead to under the names by which they are held."""
        for place, held in variables(dict(scope)):
            if type(held) is Tensor and held.requires_grad and held.node not in self.own_names:
                node: Any = held.node
                self.bound.setdefault(last_name(place), {})[node] = None
                (self.own_names if own else self.other_names).setdefault(node, written(place))

    # What would end the history of a Tensor

    def as_float(self, _: None, value: Any) -> Any:
        """A number; a Tensor of one number stays what it is."""
        return value if is_one(value) else float(value)

    def item(self, _: None, value: Any) -> Any:
        """The only element of an array; of a Tensor, as a Tensor."""
        return value.sum() if is_one(value) else value.item()

    def tolist(self, _: None, value: Any) -> Any:
        """Nested lists of the elements of an array; of a Tensor, of Tensors of one number."""
        if type(value) is not Tensor:
            return value.tolist()
        return [self.tolist(None, v) for v in value] if value.ndim else value

    def flat(self, _: None, value: Any) -> Any:
        """All elements of an array; of a Tensor, as a Tensor with one axis."""
        return value.reshape(-1) if type(value) is Tensor else value.flat

    def function(self, _: None, function: Any) -> Any:
        """What is called in the place of a function, so that what it is given keeps its history."""
        if isinstance(function, np.vectorize):
            return functools.partial(one_by_one_of, function)
        of_ufunc = isinstance(getattr(function, "__self__", function), np.ufunc)
        if of_ufunc or getattr(function, "__module__", "") == "numpy":
            return functools.partial(of_arrays, function)
        if type(getattr(function, "__self__", None)) is np.ndarray:
            return functools.partial(of_method, function)
        return keeping_history(function)

    def array(self, site: Site, function: Any, args: Any, words: Any) -> Any:
        """An array, or a Tensor if it is made of one or of a list that holds some."""
        first = args[0]
        if type(first) is Tensor:
            return self.part(site, first.copy() if function is np.array else first)
        if isinstance(first, list | tuple) and has_tensor(first):
            return self.part(site, stacked(first))
        return self.part(site, function(*args, **words))

    def is_instance(self, _: None, value: Any, kinds: Any) -> bool:
        """Whether a value is of a kind; a Tensor is of the kinds of its array, too."""
        if type(value) is Tensor:
            return isinstance(value, kinds) or isinstance(value.data, kinds)
        return isinstance(value, kinds)


def without_history(value: Any) -> Any:
    """The array of a Tensor; any other value is itself."""
    return value.data if type(value) is Tensor else value


def has_tensor(value: Any) -> bool:
    """Whether a value is a Tensor, or a list with one in it."""
    if type(value) is Tensor:
        return True
    return isinstance(value, list | tuple) and len(value) <= MOST and any(map(has_tensor, value))


def of_arrays(function: Any, *args: Any, **words: Any) -> Any:
    """What a function of NumPy returns, to which a list of Tensors is an array, as a list of numbers is."""
    if function is np.unique and args and type(args[0]) is Tensor and not words.get("axis"):
        return unique_of(*args, **words)
    if function is np.fromiter:
        values = list(args[0])
        return stacked(values) if has_tensor(values) else function(values, *args[1:], **words)
    if function in INSTEAD and any(type(a) is Tensor for a in (*args, *words.values())):
        return INSTEAD[function](*args, **words)
    if getattr(function, "__name__", "") in JOINING:  # what is in the list is an array each
        parts = [[as_tensor(p) for p in a] if isinstance(a, list | tuple) else a for a in args]
        return function(*parts, **words)
    return function(*map(as_tensor, args), **words)


def as_tensor(value: Any) -> Any:
    """The Tensor of a list that holds some; any other value as it is."""
    return stacked(value) if isinstance(value, list | tuple) and has_tensor(value) else value


def full_of(shape: Any, fill_value: Any, dtype: Any = None, **_: Any) -> Any:
    """What `np.full` makes of a Tensor: it, as often as the shape says."""
    return np.broadcast_to(fill_value, shape).copy()


def full_like_of(a: Any, fill_value: Any, dtype: Any = None, **_: Any) -> Any:
    """What `np.full_like` makes of a Tensor: it, in the shape of an array."""
    return full_of(np.shape(a), fill_value)


def along_axis_of(function: Any, axis: int, values: Any, *args: Any, **words: Any) -> Any:
    """What `np.apply_along_axis` makes of a Tensor: a function of each row along an axis, joined."""
    last = np.moveaxis(values, axis, -1)
    rows = last.reshape(-1, last.shape[-1])
    made = stacked([function(row, *args, **words) for row in rows])
    whole = made.reshape(last.shape[:-1] + made.shape[1:])
    return np.moveaxis(whole, -1, axis) if made.ndim > 1 else whole


def places_and_elements(values: Any) -> Any:
    """What `np.ndenumerate` makes of a Tensor: its elements with their indices."""
    return ((index, values[index]) for index in np.ndindex(values.shape))


# What stands for functions that would make arrays of Tensors out of sight
INSTEAD: dict[Any, Callable[..., Any]] = {
    np.full: full_of,
    np.full_like: full_like_of,
    np.apply_along_axis: along_axis_of,
    np.ndenumerate: places_and_elements,
}


def unique_of(values: Tensor, *, return_index: bool = False, **words: Any) -> Any:
    """What `np.unique` makes of a Tensor: the first of its elements that are equal, each with its history."""
    _, first, *others = np.unique(values.data, return_index=True, **words)
    made = (values.reshape(-1)[first], *((first,) if return_index else ()), *others)
    return made if len(made) > 1 else made[0]


def one_by_one_of(function: np.vectorize, *args: Any, **words: Any) -> Any:
    """What `np.vectorize(f)` makes: of Tensors, f of each element, joined."""
    if not any(type(a) is Tensor for a in args):
        return function(*args, **words)
    shape = np.broadcast_shapes(*map(np.shape, args))
    rows = [np.broadcast_to(a, shape).reshape(-1) for a in args]
    of_one = keeping_history(function.pyfunc)
    made = [of_one(*elements, **words) for elements in zip(*rows, strict=True)]
    return stacked(made).reshape(shape)


def of_method(method: Any, *args: Any, **words: Any) -> Any:
    """What a method of an array returns, given arrays or Tensors: NumPy's own takes no Tensors."""
    is_given = any(type(a) is Tensor for a in (*args, *words.values()))
    own = Tensor(method.__self__) if is_given else method.__self__
    return getattr(own, method.__name__)(*args, **words)


def stacked(values: Any) -> Any:
    """The Tensor of nested lists of Tensors and numbers, as `np.array` makes an array of them."""
    parts = [stacked(v) if isinstance(v, list | tuple) else v for v in values]
    return np.stack([p if type(p) is Tensor else Tensor(np.asarray(p, float)) for p in parts])


def last_name(place: Place) -> str:
    """The last name on the way to a value: `dW` of `layers[1].dW`; "" if there is none.

    >>> last_name(("layers", "W", 0))
    'W'
    """
    return next((key for key in reversed(place) if isinstance(key, str)), "")


def path_text(place: Place) -> str:
    """The whole way to a value, as it is written: `layers[1].dW`, `grads['dW1']`.

    >>> path_text(("layers", 1, "dW"))
    'layers[1].dW'
    """
    text = ""
    for key in place:
        if isinstance(key, Root):
            continue
        if isinstance(key, str) and key.isidentifier():
            text += f".{key}" if text else key
        else:
            text += f"[{key!r}]"
    return text
