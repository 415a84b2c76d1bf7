"""A few of the random derivations that `python -m tests.check_random` tries by the thousand."""

import pytest

from .check_random import judged, rewritten, with_mistake


@pytest.mark.parametrize("seed", range(100, 124))
def test_a_right_derivation_in_other_words(seed):
    right = rewritten(seed)
    if right is not None:  # a program whose gradients are 0 everywhere has nothing to show
        report = judged(right)
        assert report.ok, f"{right.source}\n{report}"


@pytest.mark.parametrize("seed", range(100, 112))
def test_a_mistake_in_it(seed):
    right = rewritten(seed)
    wrong = with_mistake(right) if right is not None else None
    if wrong is not None:
        assert not judged(wrong).ok, wrong.source


def test_most_seeds_have_something_to_show():
    cases = [rewritten(seed) for seed in range(100, 112)]
    assert sum(case is not None and with_mistake(case) is not None for case in cases) >= 10
