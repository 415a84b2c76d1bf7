"""What `derive` returns: a backward pass as source, as mathematics, and in steps."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from html import escape
from typing import Any

from ..check import DerivationReport
from ..check import Line as Verdict
from ..check import derivation as check_derivation
from ..errors import DerivationError
from ..formulas.algebra.expressions import Ref
from ..tensor import Tensor
from ..transforms.structure import flat, name_of, rebuilt
from .layout.items import Item, lines_of
from .reading.given import reached, with_object
from .reading.observe import run
from .reading.walk import Line
from .writing.latex import equations
from .writing.page import page
from .writing.steps import Step


@dataclass(frozen=True, eq=False)
class Derivation:
    """The backward pass of a function, in its own names.

    f          the function
    inputs     the inputs at which it was derived
    backward   its gradients, as a function of inputs and variables of f, in plain NumPy
    source     the source of `backward`
    items      its lines and loops, from the loss back
    steps      its lines, each with where it comes from
    remarks    what holds under a condition, and what could not be done
    variables  what `backward` takes, as it is at the inputs: `backward(**variables)`
    wanted     for each input whose gradient was wanted, the place of the gradient in what `backward` returns
    returned   the names of what `backward` returns
    """

    f: Callable[..., Any] | Tensor
    inputs: dict[str, Any]
    backward: Callable[..., Any]
    source: str
    items: tuple[Item, ...] = field(repr=False)
    steps: tuple[Step, ...] = field(repr=False)
    remarks: tuple[str, ...]
    variables: dict[str, Any] = field(repr=False)
    wanted: dict[Ref, Ref] = field(repr=False)
    returned: tuple[str, ...] = field(repr=False)

    def __call__(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The gradients at other inputs of the same shapes, by the names of the inputs.

        f is run for its variables, and then `backward` on these.
        """
        if isinstance(self.f, Tensor):
            raise DerivationError(
                "this was derived of a loss, and not of a function: call backward(...) of it"
            )
        found = self.gradients_in(arrays_of(run(self.f, dict(inputs), set(self.wanted)).available))
        held = dict(reached(with_object(self.f, dict(inputs))))
        chosen = dict.fromkeys(ref[0] for ref in found)
        return {
            n: rebuilt(held[(n,)], {p: found.get((n, *p)) for p in flat(held[(n,)])})
            if (n,) in held
            else found[(n,)]
            for n in chosen
        }

    def gradients_in(self, scope: Mapping[Ref, Any]) -> dict[Ref, Any]:
        """The gradients that `backward` returns, by the places of the inputs."""
        values = self.backward(**{n: scope[(n,)] for n in inspect.signature(self.backward).parameters})
        by_name = dict(zip(self.returned, values if len(self.returned) > 1 else [values], strict=True))
        return {ref: part(by_name[root], path) for ref, (root, *path) in self.wanted.items()}

    @property
    def lines(self) -> tuple[Line, ...]:
        """The equations, also the ones in loops."""
        return tuple(lines_of(self.items))

    @property
    def latex(self) -> str:
        """The derivation as aligned equations."""
        return self.to_latex()

    def to_latex(self, names: Mapping[str, str] | None = None) -> str:
        r"""The aligned equations with some variables written as the user says: {"W1": r"\Omega"}."""
        return equations(self.items, names)

    def _repr_latex_(self) -> str:
        """The equations as Jupyter shows them."""
        return f"$$\n{self.latex}\n$$"

    def html(self) -> str:
        """A page of HTML with the source, where each line comes from, the remarks, and the LaTeX."""
        return page(
            f"The backward pass of {name_of(self.f)}", self.source, self.steps, self.latex, self.remarks
        )

    def __str__(self) -> str:
        """The source, and the remarks below it as comments."""
        return "\n".join([self.source.rstrip(), *(f"# {remark}" for remark in self.remarks)])

    def against(self, backward: Callable[..., Any] | None = None) -> Comparison:
        """The lines of a backward pass that was derived by hand beside the derived ones.

        `backward` is None if f returns the gradients too, behind the loss.  `report.hint(name, level=3)`
        gives the derived line, if the gradient is derived here too.
        """
        if isinstance(self.f, Tensor):
            raise DerivationError("this was derived of a loss, and not of a function that could be run again")
        report = check_derivation(self.f, backward, self.inputs)
        derived = {x.name: x.final for x in self.steps}
        lines = tuple(replace(x, levels=partial(hinted, x, line_of(x.name, derived))) for x in report.lines)
        return Comparison(replace(report, lines=lines), derived)


@dataclass(frozen=True, eq=False)
class Comparison:
    """A backward pass that was derived by hand, beside the derived one: see `rows`.

    report   what `check.derivation` says of the user's backward pass
    derived  the derived lines, by the names of the gradients
    """

    report: DerivationReport
    derived: dict[str, str]

    @property
    def rows(self) -> list[tuple[str, str, str, str]]:
        """For each gradient its name, the user's line, the derived line, and the verdict."""
        lines = self.report.lines
        found = list(
            dict.fromkeys((x.name, x.source, line_of(x.name, self.derived) or "", x.verdict) for x in lines)
        )
        beside = {line for _, _, line, _ in found}
        return found + [
            (n, "", line, "not in yours") for n, line in self.derived.items() if line not in beside
        ]

    def __str__(self) -> str:
        """The rows as a table of text."""
        rows = [("gradient", "yours", "derived", "verdict"), *self.rows]
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)

    def _repr_html_(self) -> str:
        """The rows as a table that Jupyter shows."""
        rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in self.rows)
        head = "".join(f"<th>{word}</th>" for word in ("gradient", "yours", "derived", "verdict"))
        return f"<table><tr>{head}</tr>{rows}</table>"


def hinted(line: Verdict, derived: str | None, level: int) -> str:
    """The hint about a line, as the check gives it; its formula is the derived line, if there is one."""
    if level < 3 or derived is None:
        return line.levels(level)
    return f"{line.levels(2)}\n{derived}"


def line_of(name: str, derived: Mapping[str, str]) -> str | None:
    """The derived line of a gradient; the gradient in the user's `grads["W"]` is called W, and here dW."""
    return derived.get(name, derived.get(f"d{name.rpartition('.')[2]}"))


def part(value: Any, path: Sequence[Any]) -> Any:
    """What is at a path of nested lists and dicts."""
    for key in path:
        value = value[key]
    return value


def arrays_of(available: Mapping[Ref, Any]) -> dict[Ref, Any]:
    """The variables of a run, with arrays in the place of Tensors."""
    return {ref: plain(value) for ref, value in available.items() if len(ref) == 1}


def plain(value: Any) -> Any:
    """A value with arrays in the place of Tensors, also in containers."""
    if isinstance(value, dict | list | tuple):
        return rebuilt(value, {path: plain(v) for path, v in flat(value).items()})
    return value.data if type(value) is Tensor else value
