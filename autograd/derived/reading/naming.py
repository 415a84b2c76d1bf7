"""What things are called in a derivation: arrays, numbers and gradients, each as the user calls it."""

from __future__ import annotations

import ast
from bisect import bisect
from collections import Counter
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np

from ...engine import LEAF, Constant, Node
from ...errors import DerivationError
from ...formulas.algebra.arrays import transposed
from ...formulas.algebra.expressions import MINUS, ONE, Expr, Ref, Words, add, call, mul, name, number, power
from ...formulas.algebra.indexing import eye, frozen, index_of, take
from ...formulas.reading.windows import windows_of
from ...graph.scopes import source_of
from ...tensor import Tensor
from .observe import Event, Run, Turns, identity
from .words import evaluated, parts_of, same_numbers, word_is_module, words_in


@dataclass(slots=True)
class Variable:
    """A value with a name.

    ref        how a backward pass reaches it
    base       what the user's function calls it; its gradient is d and that
    turns      in which rounds of the loops around it it got the value
    available  whether it is there when a backward pass begins, or has to be computed again
    event      the number of the event at which it got the value
    series     the list of values of a variable in a loop that it is one of
    """

    ref: Ref
    base: str
    turns: Turns = ()
    available: bool = True
    event: int = -1
    series: str = ""


@dataclass(slots=True)
class Series:
    """The values that a variable of a loop has one after the other."""

    name: str
    plural: str
    values: list[Any] = field(default_factory=list)
    events: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Names:
    """The names that one run gives.

    variables  of nodes, and of constant arrays by their identity
    exprs      the names of nodes, as expressions
    sources    where the value of a name is found: the number of an event, or where its words are evaluated
    numbers    what the user calls numbers
    aliases    other ways to the same value
    written    constants that a line spells out
    nameless   what stands for the names of values without one; `met` counts such values
    entries    of each list of values what is in it, with where it is from
    places     for each variable the lines in loops that give it a value
    """

    run: Run
    variables: dict[Any, Variable] = field(default_factory=dict)
    exprs: dict[Node, Expr] = field(default_factory=dict)
    sources: dict[Ref, Any] = field(default_factory=dict)
    numbers: dict[float, Expr] = field(default_factory=dict)
    aliases: dict[Expr, list[Ref]] = field(default_factory=dict)
    nameless: set[str] = field(default_factory=set)
    met: Counter[tuple[str, Turns]] = field(default_factory=Counter)
    entries: dict[Ref, tuple[Any, Variable]] = field(default_factory=dict)
    places: dict[str, list[int]] = field(default_factory=dict)
    written: dict[Any, Expr] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.name_values()
        for node in self.run.order:
            if node in self.variables:
                self.exprs[node] = name(self.variables[node].ref, np.shape(node.data))
        for event in self.run.events:  # masks, which need no gradient
            made = event.value.node if type(event.value) is Tensor else None
            if made is not None and not made.requires_grad and made.op is not LEAF:
                self.exprs[made] = name(self.variables[id(event.value.data)].ref, node.data.shape)
        for node in self.run.order:
            self.name_constants(node)
            self.name_counts(node)

    # Arrays

    def name_values(self) -> None:
        """Give each node and each array the best of its names."""
        there: dict[Any, list[Ref]] = {}
        for ref, value in self.run.available.items():
            there.setdefault(identity(value), []).append(ref)
        events: dict[Any, list[tuple[int, Event]]] = {}
        for i, event in enumerate(self.run.events):
            if (key := identity(event.value)) is not None:
                events.setdefault(key, []).append((i, event))
        series = self.series()
        for key, found in events.items():
            self.name_value(key, found, set(there.get(key, ())), series)
        for key, refs in there.items():
            if key in self.variables:
                shape = np.shape(events[key][0][1].value)
                self.aliases.setdefault(name(self.variables[key].ref, shape), []).extend(refs)
        for one in series.values():
            for k, key in enumerate(one.values):
                shape = np.shape(events[key][0][1].value)
                if key in self.variables:
                    v, event = self.variables[key], self.run.events[one.events[k]]
                    self.aliases.setdefault(name(v.ref, shape), []).append((one.plural, k))
                    entry = replace(v, ref=(one.plural, k), turns=event.turns, event=one.events[k])
                    self.entries[one.plural, k] = key, entry

    def series(self) -> dict[tuple[int, Ref], Series]:
        """The variables of f itself that a loop gives several values; the entries of a list are one."""
        found: dict[tuple[int, Ref], Series] = {}
        counted: Counter[tuple[int, Ref, int]] = Counter()
        for i, event in enumerate(self.run.events):
            key = identity(event.value)
            is_entry = len(event.ref) == 2 and type(event.ref[1]) is int
            if event.own and event.call >= 0 and (len(event.ref) == 1 or is_entry) and key is not None:
                variable = event.call, event.ref[:1] if len(event.ref) == 1 else (event.ref[0], ...)
                one = found.get(variable) or Series(*self.called(str(event.ref[0]), is_entry))
                found[variable] = found[event.call, event.ref] = one
                one.values.append(key)
                one.events.append(i)
                counted[event.call, event.ref, event.line] += 1
        repeated = {id(found[call, ref]) for (call, ref, _), n in counted.items() if n > 1}
        return {key: one for key, one in found.items() if id(one) in repeated}

    def called(self, root: str, is_entry: bool) -> tuple[str, str]:
        """What a variable is called, and the list of its values; of entries of a list, one of these."""
        return (singular(root), f"all_{root}") if is_entry else (root, self.plural(root))

    def plural(self, base: str) -> str:
        """The name of a list of values: `hs`; but no word that Python keeps for itself, or f for another."""
        found = base + "s"
        while found in ("is", "as") or (found,) in self.run.available:
            found = base + "_s" if found == base + "s" else found + "s"
        return found

    def base_at(self, base: str, line: int) -> str:
        """What the values are called that a line in a loop gives a variable: h, and of another line h2."""
        lines = self.places.setdefault(base, [])
        if line not in lines:
            lines.append(line)
        return f"{base}{lines.index(line) + 1}" if lines[0] != line else base

    def name_value(
        self, key: Any, found: list[tuple[int, Event]], there: set[Ref], series: dict[Any, Series]
    ) -> None:
        """Name a value: as it is still called at last, else as f once called it."""
        own = [e.ref[0] for _, e in found if e.own and len(e.ref) == 1]
        looped = next((series[e.call, e.ref] for _, e in found if (e.call, e.ref) in series), None)
        is_given = looped is not None and any(e.call < 0 for _, e in found)
        looped = None if is_given else looped
        ranked = sorted(
            (
                not (e.call < 0 and (is_given or len(e.ref) == 1)),
                not e.own,
                not (looped and len(e.ref) > 1),
                len(e.ref),
                i,
            )
            for i, e in found
            if e.ref in there
        )
        best = ranked[0][-1] if ranked else found[0][0]
        ref = self.run.events[best].ref
        base = own[0] if own else str(next(part for part in reversed(ref) if isinstance(part, str)))
        first = next((e for _, e in found if e.own and e.call >= 0), None)
        if looped:
            k = looped.values.index(key)
            event = self.run.events[looped.events[k]]
            is_data = not any(isinstance(value, Node) for value in looped.values)
            if is_data and self.part_of_array(held(event.value)) is not None:
                return  # `x` of `for x in xs`
            ref = ref if ranked and len(ref) > 1 else (looped.plural, k)
            base = looped.name
            if isinstance(key, Node):  # else it has no gradient to be named
                base = self.base_at(base, event.line) if event.turns else f"{base}{k}"
            available = bool(ranked) and ref == self.run.events[best].ref
            self.variables[key] = Variable(ref, base, event.turns, available, looped.events[k], looped.plural)
        elif ranked and first is not None and first.turns and type(ref[-1]) is int and len(ref) > 1:
            base = self.base_at(singular(str(ref[0])), first.line)
            self.variables[key] = Variable(ref, base, first.turns)
        elif ranked:
            self.variables[key] = Variable(ref, base)
        elif own:
            several = [e for e in self.run.events if e.own and e.ref == (own[0],)]
            base = f"{own[0]}{[identity(e.value) for e in several].index(key) + 1}"
            ref = (base,)
            self.variables[key] = Variable(ref, base, available=False, event=found[0][0])
        else:
            return
        self.sources[ref] = best

    def unnamed(self, node: Node, is_needed: bool) -> Variable | None:
        """What stands for the variable of a value that has none, and is needed in this or another round.

        It is called after its line and operation, so the same in each round of a loop.
        """
        source = source_of(node)
        turns = self.turns_of(node)
        where = f"{UNNAMED}{source.lineno if source else ''}:{node.op.name}"
        self.met[where, turns] += 1
        base = f"{where}:{self.met[where, turns]}"
        if not is_needed and (not turns or base not in self.nameless):
            return None
        self.nameless.add(base)
        return Variable((base,), base, turns, available=False)

    def turns_of(self, node: Node) -> Turns:
        """In which rounds of loops of f a node was made."""
        marks = self.run.marks
        at = bisect(marks, (node.index, ()))
        return marks[at][1] if at < len(marks) else ()

    # Numbers, and arrays that a line spells out

    def constant(self, data: Any) -> Expr:
        """The expression of a number or array that nothing recorded made."""
        key = id(data)
        if key in self.variables:
            return name(self.variables[key].ref, np.shape(data))
        if key in self.written:
            return self.written[key]
        if np.ndim(data) == 0:
            return self.number(np.asarray(data).item())
        return self.spelled(np.asarray(data))

    def spelled(self, data: Any) -> Expr:
        """An array that has no name, by other arrays or by its numbers."""
        found = self.part_of_array(data) or self.equal_array(data) or self.one_hot_array(data)
        if found is not None:
            return found
        if data.size and (data == data.ravel()[0]).all() and data.dtype.kind != "b":
            return self.number(data.ravel()[0].item())
        if data.ndim == 1 and data.dtype.kind in "iu" and (data == np.arange(data.size)).all():
            return call(np.arange, (), data.shape, stop=data.size)
        if data.size <= 16:
            found = name((Words(f"np.array({data.tolist()})"),), data.shape)
            self.sources[found.data] = None
            return found
        raise DerivationError(
            f"an array of shape {data.shape} in f has no name: give it one, on a line before its use"
        )

    def part_of_array(self, data: Any) -> Expr | None:
        """A part of a variable, `xs[3]` or `image[1:4, :5]`, as it shares the memory of that."""
        for ref, value in reversed(self.run.available.items()):
            whole = held(value)
            if isinstance(whole, np.ndarray) and whole.dtype == data.dtype and whole is not data:
                index = index_of(data, whole)
                if index is not None:
                    self.sources.setdefault(ref, ref)
                    return call(take, (name(ref, whole.shape),), data.shape, index=frozen(index))
        return None

    def equal_array(self, data: Any) -> Expr | None:
        """A variable with the same numbers: whole ones are made floats beside a Tensor."""
        for ref, value in reversed(self.run.available.items()):
            if isinstance(value, np.ndarray) and value.shape == data.shape and value.dtype.kind in "biuf":
                direct, rest = np.array_equal(value, data), np.array_equal(1 - 1.0 * value, data)
                if direct or rest:
                    self.sources.setdefault(ref, ref)
                    found = name(ref, data.shape)
                    return found if direct else add(ONE, mul(MINUS, found))
        return None

    def one_hot_array(self, data: Any) -> Expr | None:
        """The one-hot rows of a variable that holds labels."""
        if data.ndim != 2 or not ((data == 0) | (data == 1)).all() or not (data.sum(axis=1) == 1).all():
            return None
        labels = self.equal_array(data.argmax(axis=1))
        if labels is None or labels.args:
            return None
        return call(eye, (labels,), data.shape, n=data.shape[1])

    def number(self, value: Any) -> Expr:
        """A number, by the user's name for it or for what it is one over."""
        if value in self.numbers:
            return self.numbers[value]
        whole = round(1 / abs(value)) if value and abs(value) < 1 else 0
        if whole and whole in self.numbers and 1 / whole == abs(value):
            return mul(number(1 if value > 0 else -1), power(self.numbers[whole], -1))
        return number(value)

    def name_constants(self, node: Node) -> None:
        """Look for the words of the constants that an operation takes, in the line that it is written in."""
        if node.op is LEAF:
            return
        indices = node.kwargs.get("index", ())
        indices = indices if isinstance(indices, tuple) else (indices,)
        arrays = [
            a
            for a, p in zip(node.args, node.parents, strict=True)
            if a is not None and (p is None or type(p) is Constant)
        ]
        for data in (*arrays, *(i for i in indices if isinstance(i, np.ndarray))):
            plain = np.ndim(data) == 0 and float(np.asarray(data).item()) in PLAIN
            if not plain and id(data) not in self.variables and id(data) not in self.written:
                if np.ndim(data) > 1 and windows_of(np.asarray(data)) is not None:
                    continue
                if np.ndim(data) and (
                    self.part_of_array(np.asarray(data)) is not None
                    or ((same := self.equal_array(data)) is not None and not same.args)
                ):
                    continue
                words = self.words(node, data)
                if words is None:
                    continue
                found = self.translated(words, self.place_of(node))
                if np.ndim(data) == 0:
                    self.numbers.setdefault(np.asarray(data).item(), found)
                else:
                    self.written[id(data)] = found

    def place_of(self, node: Node) -> tuple[str, str] | None:
        source = source_of(node)
        return (source.filename, source.function) if source else None

    def translated(self, e: ast.expr, place: Any) -> Expr:
        """Arithmetic of constants as an expression; what is none, by its words."""
        match e:
            case ast.Constant(value=int() | float() as value):
                return number(value)
            case ast.UnaryOp(op=ast.USub()):
                return mul(MINUS, self.translated(e.operand, place))
            case ast.BinOp(op=ast.Pow(), right=ast.Constant(value=int() | float() as n)):
                return power(self.translated(e.left, place), n)
            case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div()):
                a, b = self.translated(e.left, place), self.translated(e.right, place)
                match e.op:
                    case ast.Add():
                        return add(a, b)
                    case ast.Sub():
                        return add(a, mul(MINUS, b))
                return mul(a, b if isinstance(e.op, ast.Mult) else power(b, -1))
            case ast.Attribute(attr="T") if (inner := self.translated(e.value, place)).shape:
                return transposed(inner, tuple(range(len(inner.shape)))[::-1])
            case ast.Call(func=ast.Attribute(attr="sqrt"), args=[inner]):
                return power(self.translated(inner, place), Fraction(1, 2))
        return self.by_words(e, place)

    def by_words(self, e: ast.expr, place: Any) -> Expr:
        """The name of a constant; its words, if it is an expression."""
        value = evaluated(e, self.run.scopes[place])
        if isinstance(value, np.ndarray) and id(value) in self.variables:
            return name(self.variables[id(value)].ref, value.shape)
        words = ast.unparse(e)
        found = name((words if words.isidentifier() else Words(words),), np.shape(value))
        self.sources.setdefault(found.data, place)
        return found

    def words(self, node: Node, data: Any) -> ast.expr | None:
        """The part of a line that computes a constant."""
        source, place = source_of(node), self.place_of(node)
        if source is None or place not in self.run.scopes:
            return None
        scope = self.run.scopes[place]
        for part in parts_of(source.filename, source.lineno):
            if all((ref,) in self.run.available or word_is_module(scope.get(ref)) for ref in words_in(part)):
                value = evaluated(part, scope)
                if same_numbers(value, data):
                    return part
        return None

    def name_counts(self, node: Node) -> None:
        """Say in the user's words how many elements a mean is taken of."""
        if node.op.function not in (np.mean, np.var, np.std):
            return
        n = np.size(node.args[0]) // max(np.size(node.data), 1)
        axis = node.kwargs.get("axis")
        of = self.of_shape(node, np.shape(node.args[0]))
        if n in self.numbers or n in PLAIN or isinstance(axis, tuple):
            return
        words = self.whole_number(n, self.place_of(node))
        if of is not None:
            words = Words(f"{of}.size" if axis is None else f"{of}.shape[{axis}]")
        if words is not None:
            self.numbers[n] = name((words,), ())
            self.sources[(words,)] = Count(n)

    def whole_number(self, n: int, place: Any) -> str | None:
        """The variable of a function that holds a number of elements."""
        scope = self.run.scopes.get(place, {})
        held = (k for k, v in scope.items() if type(v) is int and v == n)
        return next((k for k in held if (k,) in self.run.available and not k.startswith("_")), None)

    def of_shape(self, node: Node, shape: Any) -> str | None:
        """The name of an array of this shape that a node is computed from elementwise."""
        waiting = [*zip(node.args, node.parents, strict=True)]
        for data, parent in waiting:
            if np.shape(data) == shape:
                variable = self.variables.get(parent) or self.variables.get(id(data))
                if variable and variable.available and len(variable.ref) == 1:
                    return str(variable.ref[0])
                waiting += zip(parent.args, parent.parents, strict=True) if parent is not None else ()
        return None

    # Values

    def value(self, ref: Ref, run: Run) -> Any:
        """What a name stands for in a run that did the same."""
        source = self.sources.get(ref)
        if isinstance(source, Count):
            return float(source)
        if isinstance(source, int):
            return data_of(run.events[source].value)
        if isinstance(ref[0], Words):
            scope = run.scopes[source] if source else {"np": np}
            return evaluated(ast.parse(ref[0], mode="eval").body, scope)
        return data_of(run.available[ref] if source == ref else run.scopes[source][ref[0]])  # type: ignore[index]


def held(value: Any) -> Any:
    """The array of a Tensor or array, itself."""
    return value.data if type(value) is Tensor else value


def data_of(value: Any) -> Any:
    return np.array(value.data if type(value) is Tensor else value)[()]


UNNAMED = "g@"  # how the names begin that are to be chosen when all others are known
PLAIN = {0.0, 1.0, 2.0, -1.0, 0.5, -2.0, -0.5}


class Count(int):
    """A number of elements, which is the same in every run."""


def singular(base: str) -> str:
    """The name of one of a list of values: h of `hs`."""
    return base[:-1] if base.endswith("s") and len(base) > 1 else base
