"""The one form of expressions that differ only in whole numbers, which follow the counters of a loop.

`hs[3]`, `hs[4]` and `hs[5]` are `hs[t + 1]` for t = 2, 3 and 4.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...formulas.algebra.expressions import Expr, Ref, expr, name, walk


class NotAlikeError(Exception):
    """The rounds of a loop differ by more than the counter."""


@dataclass(frozen=True, slots=True)
class Affine:
    """A whole number that follows counters: `t + 1`, `2 * i + j`."""

    start: int
    steps: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        """The number as source."""
        words = " + ".join(c if n == 1 else f"{n} * {c}" for c, n in self.steps if n > 0)
        words = words or (str(self.start) if self.steps else "")
        words += "".join(f" - {c if n == -1 else f'{-n} * {c}'}" for c, n in self.steps if n < 0)
        if not self.start or (self.steps and all(n < 0 for _, n in self.steps)):
            return words
        return f"{words} {'+' if self.start > 0 else '-'} {abs(self.start)}" if words else str(self.start)

    __repr__ = __str__


Turns = Sequence[tuple[int, ...]]

NOT_ALIKE: Any = object()


@dataclass(slots=True)
class Alike:
    """What finds the one form of an expression in several turns of the counters.

    aliases  other names for the value of a name, one of which may follow the counters"""

    counters: tuple[str, ...]
    turns: Turns
    aliases: dict[Expr, list[Ref]] = field(default_factory=dict)

    def __call__(self, exprs: Sequence[Expr]) -> Expr:
        """The one expression that is each of these in its turn.  Raises NotAlikeError if there is none."""
        found = self.common(exprs) if len(exprs) == len(self.turns) > 1 else None
        if found is None:
            raise NotAlikeError
        return found

    def common(self, exprs: Sequence[Expr]) -> Expr | None:
        """The one expression for all turns, or None; terms and factors may need sorting first."""
        first = exprs[0]
        if all(e is first for e in exprs):
            return first
        if any(e.head != first.head or len(e.args) != len(first.args) for e in exprs):
            return None
        if first.head == "name":
            return self.names(exprs)
        if any(e.shape != first.shape for e in exprs):
            return None
        data = self.data([e.data for e in exprs])
        if data is NOT_ALIKE:
            return None
        args = [self.common([e.args[i] for e in exprs]) for i in range(len(first.args))]
        if None in args and first.head in ("add", "mul"):
            ordered = [sorted(e.args, key=lambda a: (skeleton(a), wholes(a))) for e in exprs]
            args = [self.common([o[i] for o in ordered]) for i in range(len(first.args))]
        return None if None in args else expr(first.head, args, data, first.shape)  # type: ignore[arg-type]

    def names(self, exprs: Sequence[Expr]) -> Expr | None:
        """The one name for several that differ in an index, found among all names for their values."""
        ways = [[e.data, *self.aliases.get(e, ())] for e in exprs]
        found: dict[Any, None] = {}
        for ref in ways[0] if len(ways) == 1 else [*ways[0], *ways[1], *ways[-1]]:
            fitting = [[w for w in way if len(w) == len(ref) and w[0] == ref[0]] for way in ways]
            if all(fitting):
                data = self.data([w[0] for w in fitting])
                if data is not NOT_ALIKE:
                    found[data] = None
        if not found:
            return None
        best, *others = (name(data, exprs[0].shape) for data in found)
        if others:
            self.aliases[best] = [
                e.data for e in others
            ]  # one of which may fit in the rounds of an inner loop
        return best

    def data(self, values: Sequence[Any]) -> Any:
        """The one value for all turns, of whole numbers and tuples of them; NOT_ALIKE if there is none."""
        first = values[0]
        if all(v == first and type(v) is type(first) for v in values):
            return first
        if all(type(v) in (int, Affine) for v in values):
            return self.whole([v if type(v) is Affine else Affine(v, ()) for v in values])
        if all(isinstance(v, tuple) and len(v) == len(first) for v in values):
            parts = tuple(self.data(part) for part in zip(*values, strict=True))
            return NOT_ALIKE if any(p is NOT_ALIKE for p in parts) else parts
        return NOT_ALIKE

    def whole(self, values: Sequence[Affine]) -> Any:
        """A whole number as it follows the counters, also of outer loops; NOT_ALIKE if it does not."""
        outer = values[0].steps
        if any(v.steps != outer for v in values):
            return NOT_ALIKE
        at = dict(zip(self.turns, (v.start for v in values), strict=True))
        origin = min(self.turns)
        steps = []
        for i in range(len(self.counters)):
            beside = tuple(n + (k == i) for k, n in enumerate(origin))
            if beside not in at:
                return NOT_ALIKE
            steps.append(at[beside] - at[origin])
        start = at[origin] - sum(s * n for s, n in zip(steps, origin, strict=True))
        if any(start + sum(s * n for s, n in zip(steps, t, strict=True)) != v for t, v in at.items()):
            return NOT_ALIKE
        return Affine(start, outer + tuple((c, s) for c, s in zip(self.counters, steps, strict=True) if s))


def skeleton(e: Expr) -> str:
    """An expression as text, without its whole numbers."""
    data = e.data if not isinstance(e.data, tuple) else [d for d in e.data if type(d) not in (int, Affine)]
    return f"{e.head}{data if e.head != 'call' else e.data[0].__name__}({','.join(map(skeleton, e.args))})"


def wholes(e: Expr) -> list[int]:
    """The whole numbers in the indices of an expression, in order."""
    return [n for part in walk(e) if isinstance(part.data, tuple) for n in wholes_in(part.data)]


def wholes_in(data: Any) -> Iterator[int]:
    """The whole numbers in an index, also in its slices."""
    if isinstance(data, tuple):
        for part in data:
            yield from wholes_in(part)
    elif type(data) in (int, Affine):
        yield data if type(data) is int else data.start
