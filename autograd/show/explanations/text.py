"""An explanation: what it consists of, and how it is written, as text and in a notebook."""
# ruff: noqa: RUF001  # the signs of mathematics are meant, not the letters they look like

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

LONGEST = 16  # steps of a path that are written out


@dataclass(frozen=True, slots=True)
class Step:
    """One factor of a product: the local derivative of `made` by `by`.

    made, by    the names of the two numbers: "A1[0, 2]"
    formula     how the array of the first was computed: "sigmoid(Z1)"
    derivative  the number; None if the path is one of whole arrays
    rule        what goes back along a path of whole arrays: "dW = X.T @ g"; empty if it has no such line
    """

    made: str
    by: str
    formula: str
    derivative: float | None
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Path:
    """One path: its steps from the output back, and its contribution, the product of their derivatives."""

    steps: tuple[Step, ...]
    product: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """The reasons for the value of a derivative; `str()` gives the text.

    output, wrt  the names of the two numbers
    gradient     the derivative, as `backward()` computes it
    count        the number of paths without a factor 0; None if the paths are of whole arrays and there
                 are too many to count
    total        the sum over all paths, or over the paths found if they could not be counted
    paths        the heaviest paths, ordered by the size of their product
    cuts         where the influence of `wrt` on `output` ends, and why
    """

    output: str
    wrt: str
    gradient: float
    count: int | None
    total: float
    paths: tuple[Path, ...]
    cuts: tuple[str, ...]

    @property
    def shown(self) -> float:
        """The sum of the products of `paths`."""
        return math.fsum(path.product for path in self.paths)

    @property
    def share(self) -> float:
        """The part of the gradient that `paths` account for: 1 if there are no other paths."""
        return self.shown / self.gradient if self.gradient else float(len(self.paths) == self.count)

    def __str__(self) -> str:
        tables = map(written, range(1, len(self.paths) + 1), self.paths)
        return "\n\n".join([self.heading(), *tables, *self.ending()])

    def _repr_html_(self) -> str:
        """The heading, each path as rows of a table with its product, the sum, and the cuts."""
        rows = "".join(html_of(n, path) for n, path in enumerate(self.paths, 1))
        ending = "".join(f"<p style='white-space: pre-line'>{escape(block)}</p>" for block in self.ending())
        table = f"<table style='text-align: left'>{rows}</table>" if rows else ""
        return f"<div style='overflow-x: auto'><p>{escape(self.heading())}</p>{table}{ending}</div>"

    def heading(self) -> str:
        """The result, and the sum that it is."""
        result, shown = f"∂{self.output} / ∂{self.wrt} = {number(self.gradient)}", len(self.paths)
        if self.count is None:
            return f"{result}, a sum of more paths than can be followed; the heaviest of those followed:"
        if self.count == 0:
            return f"{result}: no path leads from {self.output} back to {self.wrt}"
        if self.count == 1:
            return f"{result}, the product along one path:"
        which = "this is" if shown == 1 else f"these {shown} are"
        heaviest = f", of which {which} the heaviest" if shown < self.count else ""
        return f"{result}, the sum of {self.count:,} paths{heaviest}:"

    def ending(self) -> list[str]:
        """The sum, how much of it is shown, and where paths are cut."""
        blocks = []
        if len(self.paths) > 1:
            signed = (f"{'-' if p.product < 0 else '+'} {number(abs(p.product))}" for p in self.paths)
            terms = " ".join(signed).removeprefix("+ ")
            terms = f"-{terms[2:]}" if terms.startswith("- ") else terms
            blocks.append(f"sum: {terms} = {number(self.shown)}")
        if self.paths and self.count != len(self.paths):
            they = "They carry" if len(self.paths) > 1 else "It carries"
            blocks.append(f"{they} {100 * self.share:.3g} % of the gradient {number(self.gradient)}.")
        return blocks + (["\n".join(f"cut: {cut}" for cut in self.cuts)] if self.cuts else [])


def written(n: int, path: Path) -> str:
    """A path as a table of its steps, without the middle if it is long."""
    half = LONGEST // 2
    gap = len(path.steps) - LONGEST
    parts = [path.steps] if gap <= 0 else [path.steps[:half], path.steps[-half:]]
    width = min(max((len(equation(step)) for part in parts for step in part), default=0), 60)
    tables = ["\n".join(f"    {equation(s):{width}}   {local(s)}" for s in part) for part in parts]
    factors = [number(step.derivative) for step in path.steps if step.derivative is not None]
    product = number(path.product)
    if 1 < len(factors) <= LONGEST:
        product = f"{' × '.join(factors)} = {product}"
    what = "product" if factors else "contribution"
    return f"path {n}\n" + f"\n    … {gap:,} more steps\n".join(tables) + f"\n    {what}: {product}"


def html_of(n: int, path: Path) -> str:
    """A path as rows: its number, then what each step computed and its derivative, then the product."""
    half = LONGEST // 2
    steps = path.steps if len(path.steps) <= LONGEST else (*path.steps[:half], *path.steps[-half:])
    cell = "<td style='text-align: left'><code>{}</code></td>"
    rows = [cell.format(escape(equation(s))) + cell.format(escape(local(s))) for s in steps]
    if len(path.steps) > LONGEST:
        rows.insert(half, f"<td colspan='2'>… {len(path.steps) - LONGEST:,} more steps</td>")
    factors = [number(step.derivative) for step in steps if step.derivative is not None]
    product = f"{' × '.join(factors)} = " if 1 < len(factors) == len(path.steps) else ""
    rows.append(
        f"<td style='text-align: left' colspan='2'><b>{escape(product + number(path.product))}</b></td>"
    )
    head = f"<tr><th colspan='2' style='text-align: left'>path {n}</th></tr>"
    return head + "".join(f"<tr>{row}</tr>" for row in rows)


def equation(step: Step) -> str:
    return f"{step.made} = {step.formula}"


def local(step: Step) -> str:
    """The local derivative of a step, with its value if it is a number; of arrays, the rule."""
    if step.rule:
        return step.rule
    value = "" if step.derivative is None else f" = {number(step.derivative)}"
    return f"∂/∂{step.by}{value}"


def number(value: float) -> str:
    """A number to six digits; zero is written without a sign."""
    return f"{value + 0.0:.6g}"
