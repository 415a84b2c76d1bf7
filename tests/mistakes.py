"""The catalogue of planted mistakes: right derivations, each made wrong in one place.

A mistake is planted by rewriting the syntax tree of a backward pass.  It has a line, the gradient that the
line makes, and a kind.  Running it shows whether it changes anything: the oracle is plain NumPy.  The
source of a mistaken backward pass is its module's source with one line changed, so that line numbers
stay; `linecache` knows it, and tracebacks and `inspect` show it.

Some mistakes are truly of several kinds, and all of these are accepted:

- two ways to make the same numbers on the same line are one mistake, of either kind;
- a mistake within one term of a sum: this term is missing, and there is another one instead;
- a mistake within a factor such as `1 - A1`: this factor is missing, and there is another one instead;
- a wrong exponent is a wrong constant, and one power of the base too many or too few;
- `=` for `+=` loses earlier contributions, which are then missing from the sum;
- a missing cross term in a formula of softmax or of a normalisation (`CROSSED`): the Jacobian is taken with
  a mean, a variance or a sum as constants.

And some lines can truly be called the first wrong one besides the line with the mistake.  If a gradient may
differ from its name by a constant factor, and a mistake makes it equal to its name, then the line that
takes out the constant is wrong.  And a value that is not the gradient of a named value
(`Derivation.partial`) is judged where it enters one.
"""

import ast
import inspect
import linecache
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np

from .derivations import DERIVATIONS, Derivation, Values, run
from .mistakes_operators import TERM, Scope, wrong_expressions

KINDS = (
    *("factor", "sign", "transpose", "shape", "missing-factor", "extra-factor"),
    *("wrong-variable", "missing-term", "overwritten", "jacobian"),
)
PER_KIND = 3  # the number of mistakes of a kind in each derivation, spread over its lines
RAISING = 3  # the number of mistakes that do not run
CHANGED = 1e-6  # relative to a gradient's largest element: a smaller change is not a mistake

# Formulas with cross terms, by derivation and gradient.
CROSSED = {
    ("batch normalisation, step by step", "dxmu"),
    ("batch normalisation, step by step", "dx"),
    ("batch normalisation, as in the paper", "dmean"),
    ("batch normalisation, as in the paper", "dX"),
    ("batch normalisation, compact", "dx"),
    ("layer normalisation", "dx"),
    ("softmax cross-entropy, step by step", "de"),
    ("attention", "dS"),
}

# Mistakes that no operator makes, by derivation: the statement, its replacement, and the kind.
BY_HAND = [
    ("attention", "dS = ", "dS = dP * P * (1 - P)", "jacobian"),
    ("attention", "dS = ", "dS = P * (1 - P)", "missing-factor"),
    ("softmax cross-entropy, step by step", "dz = ", "dz = dp * p * (1 - p)", "jacobian"),
    ("batch normalisation, compact", "dx = ", "dx = dxhat / std", "jacobian"),
    ("batch normalisation, compact", "dx = ", "dx = dxhat * (N - 1 - xhat**2) / (N * std)", "jacobian"),
    ("batch normalisation, as in the paper", "dX = ", "dX = dXhat / np.sqrt(variance + EPSILON)", "jacobian"),
    ("layer normalisation", "dx = ", "dx = dnorm.copy()", "jacobian"),
    ("layer normalisation", "dx = ", "dx = dnorm * (1 - (1 + norm**2) / norm.shape[-1])", "jacobian"),
    ("embedding", "dlogits = ", "dlogits = -np.eye(probs.shape[1])[labels] * (1 - probs) / B", "jacobian"),
    ("embedding", "np.add.at", "dE[ids] += dvectors", "overwritten"),
    ("embedding", "np.add.at", "dE[ids] = dvectors", "overwritten"),
]


@dataclass(frozen=True, eq=False)
class Mistake:
    """A backward pass with one mistake, and the truth about it.

    lineno, name   the line, and the gradient that it makes
    kind, kinds    a teacher's name for the mistake, and all kinds that are accepted
    before, after  the line in the source
    lines          other lines that are accepted as the first wrong one
    raises         whether it fails to run
    """

    derivation: Derivation
    lineno: int
    name: str
    kind: str
    kinds: frozenset[str]
    before: str
    after: str
    backward: Callable[..., Any] = field(repr=False)
    lines: frozenset[int] = frozenset()
    raises: bool = False

    def __str__(self) -> str:
        return f"{self.derivation}: line {self.lineno}, {self.kind}: {self.before}  ->  {self.after}"

    def is_line(self, lineno: int, name: str) -> bool:
        """Whether a line is the wrong one; a gradient that several lines make is known by its name."""
        return lineno in self.lines | {self.lineno} or name.partition("[")[0] == self.name


@dataclass(frozen=True)
class Statement:
    """A line of a backward pass that makes a gradient, or adds to one."""

    node: ast.stmt
    name: str
    value: ast.expr

    @property
    def is_start(self) -> bool:
        """Whether the line only makes zeros, to add to."""
        return ast.unparse(self.value).startswith("np.zeros")


def statements(function: ast.FunctionDef) -> list[Statement]:
    found = [s for node in ast.walk(function) if isinstance(node, ast.stmt) for s in made_by(node)]
    return sorted(
        (s for s in found if len(s.name) > 1 and s.name[0] == "d"),
        key=lambda s: (s.value.lineno, s.value.col_offset),
    )


def made_by(node: ast.stmt) -> Iterator[Statement]:
    match node:
        case ast.Assign(targets=[target], value=value) | ast.AugAssign(target=target, value=value):
            yield Statement(node, gradient_of(target), value)
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="at"), args=[target, _, value])):
            yield Statement(node, gradient_of(target), value)
        case ast.Return(value=ast.Dict(keys=keys, values=values)):
            for key, value in zip(keys, values, strict=True):
                if not isinstance(value, ast.Name):
                    yield Statement(node, ast.literal_eval(key), value)


def gradient_of(target: ast.expr) -> str:
    """The name of what is assigned to: `dx` for `dx`, `dx[i]` and `grads["dx"]`."""
    match target:
        case ast.Name(id=name) | ast.Subscript(slice=ast.Constant(value=str() as name)):
            return name
        case ast.Subscript(value=ast.Name(id=name)):
            return name
    return ""


Wrong = tuple[
    str, frozenset[str], ast.AST, ast.AST
]  # the kind, all accepted kinds, a node and its replacement


def rewritten(derivation: Derivation) -> Iterator[tuple[Statement, Wrong]]:
    """Every line with every mistake."""
    function = syntax(derivation)
    found = statements(function)
    for name, start, text, kind in BY_HAND:
        if name == derivation.name:
            s = next(s for s in found if ast.unparse(s.node).startswith(start))
            kinds = frozenset({kind}) | (TERM if kind == "overwritten" else frozenset())
            yield s, (kind, kinds, s.node, ast.parse(text))
    values = run(derivation.backward, derivation.arguments())[0]
    module = vars(inspect.getmodule(derivation.backward))
    counters = frozenset(n.target.id for n in ast.walk(function) if isinstance(n, ast.For))
    for s in found:
        bound = names_before(function, s.node.lineno)
        scope = Scope({k: v for k, v in values.items() if k in bound}, module, counters)
        others = [o for o in found if o.name == s.name and o is not s and not o.is_start]
        term = bool(others) and any(isinstance(o.node, ast.AugAssign) for o in [s, *others])
        if not s.is_start:
            yield from ((s, wrong) for wrong in wrong_expressions(s.value, scope, term))
            yield from ((s, wrong) for wrong in wrong_assignments(s.node, scope, term))


def wrong_assignments(node: ast.stmt, scope: Scope, term: bool) -> Iterator[Wrong]:
    """`+=` becomes `=` or `-=`, or is forgotten; likewise `/=`."""
    match node:
        case ast.AugAssign(target=target, op=ast.Add() | ast.Sub() as op, value=value):
            also = TERM if term else frozenset()
            other = ast.Sub() if isinstance(op, ast.Add) else ast.Add()
            yield "sign", also | {"sign"}, node, ast.AugAssign(target, other, value)
            if isinstance(op, ast.Add):
                yield "overwritten", TERM | {"overwritten"}, node, ast.Assign([target], value, lineno=0)
            if term:
                yield "missing-term", TERM, node, ast.Pass()
        case ast.AugAssign(value=value):
            kind = "factor" if scope.shape(value) == () else "missing-factor"
            yield kind, frozenset({kind}), node, ast.Pass()


def names_before(function: ast.FunctionDef, lineno: int) -> set[str]:
    """The parameters, and the variables that have been assigned above a line."""
    stored = (n for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
    return {a.arg for a in function.args.args} | {n.id for n in stored if n.lineno < lineno}


@cache
def syntax(derivation: Derivation) -> ast.FunctionDef:
    """The syntax tree of a backward pass, with the line numbers of its module."""
    tree = ast.parse(inspect.getsource(inspect.getmodule(derivation.backward)))
    name = derivation.backward.__name__
    return next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name)


def planted(derivation: Derivation, statement: Statement, wrong: Wrong) -> Mistake:
    """The mistake, written into the source of the module at the position of the node."""
    kind, kinds, old, new = wrong
    module, name = inspect.getmodule(derivation.backward), derivation.backward.__name__
    lines = inspect.getsource(module).splitlines(keepends=True)
    first, last = old.lineno - 1, old.end_lineno - 1
    before = " ".join(line.strip() for line in lines[first : last + 1])
    text = lines[first][: old.col_offset] + ast.unparse(new) + lines[last][old.end_col_offset :]
    lines[first : last + 1] = [text] + ["\n"] * (last - first)
    if (derivation.name, statement.name) in CROSSED and kind == "missing-term":
        kinds = kinds | {"jacobian"}
    filename = f"<mistake {len(linecache.cache)} in {name}>"
    linecache.cache[filename] = sum(map(len, lines)), None, lines, filename
    function = syntax(derivation)
    above = function.lineno - 1  # empty lines keep the line numbers unchanged
    source = "\n" * above + "".join(lines[above : function.end_lineno])
    scope = dict(vars(module))
    with warnings.catch_warnings(action="ignore"):  # about code that only a mistake would write
        exec(compile(source, filename, "exec"), scope)
    names = old.lineno, statement.name, kind, kinds
    return Mistake(derivation, *names, before, text.strip(), scope[name])


def gradients(derivation: Derivation, backward: Callable[..., Any]) -> Values | None:
    """The gradients that a backward pass makes; None if it raises."""
    try:
        with np.errstate(all="ignore"):
            return derivation.gradients(backward)
    except Exception:
        return None


def differ(found: Values, expected: Values) -> bool:
    """Whether some gradient differs, in shape or by more than a part of its largest element."""
    return set(found) != set(expected) or any(is_other(found[k], expected[k]) for k in expected)


def is_other(a: Any, b: Any) -> bool:
    return np.shape(a) != np.shape(b) or np.max(np.abs(a - b)) > CHANGED * np.max(np.abs(b))


def is_finite(values: Values) -> bool:
    return all(np.isfinite(v).all() for v in values.values())


@cache
def all_mistakes(derivation: Derivation) -> list[Mistake]:
    """Every mistake that changes a final gradient or raises; only one for each set of numbers on a line."""
    right = derivation.gradients()
    different: dict[int, list[tuple[Mistake, Values]]] = defaultdict(list)
    raising: dict[tuple[int, str], Mistake] = {}
    for statement, wrong in rewritten(derivation):
        mistake = planted(derivation, statement, wrong)
        found = gradients(derivation, mistake.backward)
        if found is None:
            raising.setdefault((mistake.lineno, mistake.kind), replace(mistake, raises=True))
        elif is_finite(found) and differ(derivation.final(found), derivation.final(right)):
            mistake = replace(mistake, lines=lines_beside(mistake, found, right))
            add(different[mistake.lineno], mistake, found)
    return [m for line in different.values() for m, _ in line] + list(raising.values())


def add(line: list[tuple[Mistake, Values]], mistake: Mistake, found: Values) -> None:
    """Add a mistake to those of a line; if one of them has the same numbers, give it these kinds too."""
    for i, (other, values) in enumerate(line):
        if not differ(found, values):
            line[i] = replace(other, kinds=other.kinds | mistake.kinds), values
            return
    line.append((mistake, found))


def lines_beside(mistake: Mistake, found: Values, right: Values) -> frozenset[int]:
    """The other lines that can be called the first wrong one, as the module's docstring explains."""
    derivation, name = mistake.derivation, mistake.name
    made = statements(syntax(derivation))
    if name in derivation.partial:
        return frozenset(s.value.lineno for s in made if name in names_in(s.value))
    if name in derivation.scaled and not is_other(found[name] * derivation.scaled[name], right[name]):
        final = derivation.final(right)
        later = (s for s in made if s.name in final and is_other(found[s.name], right[s.name]))
        return frozenset({next(later).value.lineno})
    return frozenset()


def names_in(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def spread(mistakes: list[Mistake], n: int) -> list[Mistake]:
    """n of them, evenly spaced from first to last."""
    chosen = np.unique(np.linspace(0, len(mistakes) - 1, n).round().astype(int)) if mistakes else ()
    return [mistakes[i] for i in chosen]


def chosen(derivation: Derivation) -> Iterator[Mistake]:
    """The mistakes of a derivation in the catalogue."""
    found = all_mistakes(derivation)
    for kind in KINDS:
        n = len(BY_HAND) if kind == "jacobian" else PER_KIND
        yield from spread([m for m in found if m.kind == kind and not m.raises], n)
    yield from spread([m for m in found if m.raises], RAISING)


@cache
def catalogue() -> list[Mistake]:
    return [mistake for derivation in DERIVATIONS for mistake in chosen(derivation)]
