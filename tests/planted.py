"""Mistakes planted in hand derivations by changing a piece of their source; what `check` must say of them.

A case is the source, the inputs, and mistakes: a piece, what replaces it, a piece of the line to blame, and
the kind of the mistake where it is to be told.
"""

import linecache
import textwrap

import numpy as np
import pytest

from autograd import check


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def defined(source, **scope):
    """The function that a piece of source defines, known to `linecache` like the cell of a notebook."""
    filename = f"<cell {hash(source)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    scope = {"np": np, "sigmoid": sigmoid, **scope}
    exec(compile(source, filename, "exec"), scope)
    return next(v for v in reversed(scope.values()) if callable(v))


def pair_of(source):
    """The forward and the backward pass that a source defines; None for the second if the first does both."""
    text = textwrap.dedent(source)
    both = "return forward, backward" if "def backward(" in text else "return forward, None"
    return defined(f"{text}\ndef both():\n    {both}\n")()


def train_of(source):
    """The `train` that a source defines."""
    return defined(f"{textwrap.dedent(source)}\ndef both():\n    return train\n")()


def judged(source, inputs):
    """The report on the derivation that a source defines, or on its training step."""
    if "def train(" in source:
        return check.training_step(train_of(source), inputs)
    return check.derivation(*pair_of(source), inputs)


def each_mistake(cases):
    """The mark by which a test runs for each mistake of some cases."""
    table = [(name, *m, None)[:5] for name, (_, _, mistakes) in cases.items() for m in mistakes]
    ids = [f"{name}: {new}" for name, _, new, *_ in table]
    return pytest.mark.parametrize(("name", "old", "new", "blame", "kind"), table, ids=ids)


def assert_right(source, inputs, _):
    """Nothing may be said to be wrong with a case as it stands."""
    report = judged(source, inputs)
    assert report.ok, str(report)
    assert report.first is None


def assert_blamed(case, old, new, blame, kind):
    """A mistake must be found in a line, or one of several, and be called by its kind if one is given."""
    source, inputs, _ = case
    assert source.count(old) == 1
    report = judged(source.replace(old, new), inputs)
    assert not report.ok
    blames = (blame,) if isinstance(blame, str) else blame
    assert any(one in report.first.source for one in blames), str(report)
    assert kind is None or report.first.kind == kind


def checks_of(cases):
    """The two tests of some cases: nothing is wrong with them as they stand, and each mistake is found."""

    @pytest.mark.parametrize("name", cases)
    def test_right(name):
        assert_right(*cases[name])

    @each_mistake(cases)
    def test_mistake(name, old, new, blame, kind):
        assert_blamed(cases[name], old, new, blame, kind)

    return test_right, test_mistake
