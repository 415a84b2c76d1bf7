"""The catalogue of planted mistakes is as described: each entry is a mistake, and its source is at hand."""

import inspect
from collections import Counter

import numpy as np
import pytest

from .derivations import DERIVATIONS
from .mistakes import KINDS, catalogue, gradients, statements, syntax


def test_size():
    """At least 150 mistakes that run, with every kind and every derivation among them."""
    runs = [m for m in catalogue() if not m.raises]
    assert len(runs) >= 350
    assert set(Counter(m.kind for m in runs)) == set(KINDS)
    for derivation in DERIVATIONS:
        assert len({m.kind for m in runs if m.derivation is derivation}) >= 6


def test_accepted_kinds_are_few():
    sizes = [len(m.kinds) for m in catalogue()]
    assert all(m.kind in m.kinds <= set(KINDS) for m in catalogue())
    assert max(sizes) <= 4
    assert np.mean(sizes) < 1.4


@pytest.mark.parametrize("derivation", DERIVATIONS, ids=str)
def test_every_gradient_of_a_derivation_has_mistakes(derivation):
    made = {s.name for s in statements(syntax(derivation))}
    assert made >= {m.name for m in catalogue() if m.derivation is derivation}
    assert made >= set(derivation.gradients())


def test_each_mistake_changes_a_final_gradient_or_raises():
    for mistake in catalogue():
        right = mistake.derivation.final(mistake.derivation.gradients())
        found = gradients(mistake.derivation, mistake.backward)
        assert (found is None) == mistake.raises, mistake
        assert mistake.raises or any(far(found[name], right[name]) for name in right), mistake


def far(a, b):
    return np.shape(a) != np.shape(b) or not np.allclose(a, b, rtol=0, atol=1e-6 * np.max(np.abs(b)))


def test_one_line_of_the_source_is_other():
    for mistake in catalogue():
        right, wrong = (
            inspect.getsource(f).split("\n") for f in (mistake.derivation.backward, mistake.backward)
        )
        first = mistake.derivation.backward.__code__.co_firstlineno
        assert mistake.backward.__code__.co_firstlineno == first
        assert [first + i for i, (a, b) in enumerate(zip(right, wrong, strict=True)) if a != b] == [
            mistake.lineno
        ]
        assert wrong[mistake.lineno - first].strip().startswith(mistake.after)
        assert mistake.name in mistake.before
