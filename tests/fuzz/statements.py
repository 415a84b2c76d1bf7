"""The statements of a program: new names, operators in place, assignments, loops, writes through views."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np

from . import vocabulary
from .draft import MODULES, Draft, Line, Program, Refused
from .holes import fill

IN_PLACE = {
    "np.add": (
        "{t:target} += {v:fitting}",
        "{new} = {t:target}\n{new} += {v:fitting}",
        "{new} = {n:result_without_axes}\n{new} += {s:scalar}",
    ),
    "np.subtract": ("{t:target} -= {v:fitting}",),
    "np.multiply": ("{t:target} *= {v:factor}", "{n:result_without_axes} *= {number}"),
    "np.divide": ("{t:target} /= {v:divisor}",),
    "np.power": ("{t:target} **= 2",),
    "np.matmul": ("{t:target} @= np.eye({t}.shape[-1]) * 0.5 + 0.1",),
}

ASSIGNMENTS = {
    "operator.setitem": (
        "{t:target}[{i:place}] = {v:fitting}",
        "{t:target}[{i:place}] = {v:fitting}",
        "{t:target}[{t} > 0] = {number}  # {t} > 0",
        "{t:target}[{i:mask}] = {s:scalar}",
        "{t:target}[...] = {v:fitting}",
        "{t:target}[{i:place}] = {t}[{i}][::-1] * {number}",
    ),
    "np.add": ("{t:target}[{i:place}] += {v:fitting}",),
    "np.subtract": ("{t:target}[{i:place}] -= {v:fitting}",),
    "np.multiply": ("{t:target}[{i:place}] *= {v:factor}",),
    "np.divide": ("{t:target}[{i:place}] /= {v:divisor}",),
    "np.negative": ("{t:target}[{t} < 0] = -{t}[{t} < 0]  # {t} < 0",),
}

LOOPS = {
    "np.tanh": ("{new} = {a}\nfor i in range(3):\n    {new} = np.tanh({new} * {number} + {a})",),
    "np.add": (
        "{new} = 0.0\nfor row in {a}:\n    {new} = {new} + np.sin(row) * {number}",
        "{new} = {a} * 0.5\nfor i in range(2):\n    {new} += {a} * {number}",
        "for i in range(1, len({t:target})):\n    {t}[i] = {t}[i - 1] * 0.5 + {t}[i]",
    ),
    "np.stack": (
        "{new} = np.stack([np.cos(row) * row for row in {a}])",
        "total, totals = 0.0, []\nfor row in {a}:\n    total += np.sin(row)\n    totals.append(total)\n"
        "{new} = np.stack(totals)",
    ),
    "np.multiply": (
        "{new} = 1.0\nfor x, y in zip({a}, np.flip({a})):\n    {new} = {new} * np.sin(x - y + 1)",
        "for i in range(len({t:target})):\n    {t}[i] *= np.cos({number} * i)",
    ),
    "np.sum": ("{new} = [np.sum(row) * i for i, row in enumerate({a})][-1]",),
}

VIEWS = {
    "operator.setitem": (
        "{m:matrix_target}[0][{digit}] = {number}",
        "{m:matrix_target}[-1][:] = {s:scalar}",
        "{m:matrix_target}.T[0] = {number}",
        "{m:matrix_target}.mT[..., 0] = {s:scalar}",
        "{t:target}.reshape(-1)[{digit}] = {s:scalar}",
        "{t:target}.ravel()[0] = {s:scalar}",
        "np.ravel({t:target})[-1] = {number}",
        "{t:target}[::-1][0] = {number}",
        "{t:target}[1:][{i:new_axis}] = {number}",
        "{t:target}[None][0, 0] = {s:scalar}",
        "{m:matrix_target}.swapaxes(0, 1)[0][0] = {s:scalar}",
        "np.flip({t:target})[0] = {s:scalar}",
        "np.expand_dims({t:target}, 0)[..., 0] = {number}",
        "np.squeeze({t:target})[...] = {s:scalar}",
        "{m:matrix_target}[0], {m}[-1] = {m}[-1], {m}[0]",
        "{m:matrix_target}[:, 0], {m}[:, -1] = {m}[:, -1], {m}[:, 0]",
        "{t:target}[1:] = {t}[:-1]",
        "{new} = {m:matrix_target}[0]\nother = {m}[..., 0]\n{new} += {number}\nother *= 0.5",
        "np.einsum('...ij->...ji', {m:matrix_target})[0] = {number}",
        "{n:result_without_axes}.reshape(1)[0] = {s:scalar}",
        "{n:result_without_axes}[...] = {s:scalar}",
        "np.moveaxis({m:matrix_target}, 0, -1)[0] = {number}",
        "np.split({t:target}, [1])[0][...] = {s:scalar}",
        "np.rot90({m:matrix_target})[0] = {number}",
        "np.atleast_2d({t:target})[0, ...] = {s:scalar}",
        "np.broadcast_arrays({t:target}, {t})[0].copy()[0] = {number}",
        "for row in {m:matrix_target}:\n    row[0] = {s:scalar}",
        "for row in {m:matrix_target}:\n    row[:] = row[::-1] * {number}",
        "for i, row in enumerate({m:matrix_target}):\n    row[i % len(row)] = {number} * i",
        "{new} = {t:target}[{i:basic}]\n{new}[...] = {number}",
        "{new} = {t:target}.reshape({shape})\n{new}[0] = {s:scalar}",
        "first, *rest = {m:matrix_target}\nfirst[0] = {s:scalar}",
        "{t:target}.flatten()[0] = {number}",
        "{t:target}[{i:advanced}][...] = {number}",
    ),
    "np.multiply": (
        "for row in {m:matrix_target}:\n    row *= {number} * 0.5",
        "{new} = {m:matrix_target}[:, 0]\n{new} *= {s:scalar}",
        "{new} = {t:target}[{i:basic}]\n{new} *= 0.5",
        "{new} = {m:matrix_target}.T\n{new} *= np.cos({new})",
        "for column in {m:matrix_target}.T:\n    column *= np.sin(column)",
        "{new} = {t:target}[1:]\n{new} *= np.cos({t}[:-1])",
    ),
    "np.add": (
        "{new} = {t:target}[...]\n{new} += {s:scalar}",
        "{new} = {m:matrix_target}[0]\n{new}[1:] += {number}",
        "for row, other in zip({m:matrix_target}, np.flip({m})):\n    row += 0.5 * other",
        "{new} = {m:matrix_target}.mT[0]\n{new}[::2] += np.sin({new}[::2])",
        "{t:target}[1:] += {t}[:-1]",
    ),
    "np.subtract": ("{new} = {t:target}[::2]\n{new} -= np.mean({t})",),
    "np.divide": ("{new} = {t:target}.reshape(-1)[1:]\n{new} /= {number}",),
}

COMPLEX_VIEWS = {
    "operator.setitem": (
        "{z:complex}.real[0] = {s:scalar}",
        "{z:complex}.imag[...] = {number}",
        "{z:complex}[0] = {s:scalar}",
        "np.real({z:complex})[..., 0] = {number}",
    ),
    "np.multiply": ("{new} = {z:complex}.real\n{new} *= {number} * 0.5", "{z:complex} *= 1j"),
}

# Each kind of statement, its frequency, and its templates.
KINDS = {"in place": 2, "assignments": 2, "loops": 1, "views": 4}
TEMPLATES = {"in place": IN_PLACE, "assignments": ASSIGNMENTS, "loops": LOOPS, "views": VIEWS}
EXPRESSIONS = 9


def is_there(use: str) -> bool:
    """Whether this NumPy has the function."""
    there = None if use.startswith("operator.") else MODULES[use.partition(".")[0]]
    for name in use.split(".")[1:] if there else ():
        there = getattr(there, name, None)
    return use.startswith("operator.") or there is not None


WORDS = {
    analytic: {use: forms for part in parts for use, forms in part.items() if is_there(use)}
    for analytic, parts in {
        True: (vocabulary.ANALYTIC,),
        False: (vocabulary.ANALYTIC, vocabulary.OTHER),
    }.items()
}
USES = {analytic: list(words) for analytic, words in WORDS.items()}


def expression(draft: Draft) -> tuple[str, str, str]:
    """A new name for the result of an operation: the text, its watch, and the operation."""
    analytic = draft.program.analytic
    if not analytic and draft.rng.random() < 0.06:
        return "{new} = " + draft.rng.choice(vocabulary.OF_COMPLEX), "", "np.multiply"
    use = draft.rng.choice(USES[analytic])
    text, _, watch = draft.rng.choice(WORDS[analytic][use]).partition("  # ")
    return "{new} = " + text, watch or vocabulary.WATCH.get(use, ""), use


def statement(draft: Draft, kind: str) -> tuple[str, str, str]:
    templates = TEMPLATES[kind]
    if kind == "views" and not draft.program.analytic and draft.rng.random() < 0.15:
        templates = COMPLEX_VIEWS
    use = draft.rng.choices(list(templates), [len(forms) for forms in templates.values()])[0]
    text, _, watch = draft.rng.choice(templates[use]).partition("  # ")
    return text, watch, use


def line(draft: Draft) -> Line:
    """A line drawn for this program, which may still refuse it.  Raises Refused if nothing fits."""
    kinds = [kind for kind in KINDS if kind in draft.kinds]
    kind = draft.rng.choices(["expressions", *kinds], [EXPRESSIONS, *(KINDS[k] for k in kinds)])[0]
    text, watch, use = expression(draft) if kind == "expressions" else statement(draft, kind)
    drawn: dict[str, str] = {}
    return Line(fill(text, draft, drawn), fill(watch, draft, drawn), use, kind)


# Inputs of several shapes, some with another memory order.

SHAPES = [
    (),
    (1,),
    (3,),
    (4,),
    (2, 3),
    (3, 3),
    (3, 2),
    (1, 3),
    (3, 1),
    (2, 2),
    (2, 1, 3),
    (2, 2, 2),
    (2, 1, 2, 2),
]


def strided(a: np.ndarray) -> np.ndarray:
    """The same numbers, with gaps between them in memory."""
    return np.repeat(a, 2, axis=-1)[..., ::2] if a.ndim else a


def program(rng: random.Random, lines: int, kinds: tuple[str, ...]) -> tuple[Draft, Counter[str]]:
    """A random program, as drafted, and the reasons for which lines were refused on the way."""

    def numbers(shape: tuple[int, ...], most: float) -> np.ndarray:
        values = [round(rng.uniform(-most, most), 3) for _ in range(int(np.prod(shape)))]
        return np.array(np.reshape(values, shape), order=rng.choice("CCCF"))

    shapes = [rng.choice(SHAPES) for _ in range(rng.randint(2, 3))]
    inputs = [numbers(s, 2) for s in shapes]
    constants = [numbers(rng.choice(SHAPES), 2), strided(numbers(rng.choice(SHAPES), 2))]
    p, q = ([numbers(s, 1) for s in shapes] for _ in range(2))
    draft = Draft(Program(inputs, constants, (p, q), analytic=rng.random() < 0.5), rng, kinds)
    refused: Counter[str] = Counter()
    most = rng.randint(lines // 2, lines + lines // 2)
    while len(draft.program.lines) < most:
        try:
            draft.add(line(draft))
        except Refused as reason:
            refused[str(reason)] += 1
    draft.program.outputs = list(draft.results())
    return draft, refused
