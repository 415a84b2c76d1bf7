"""The comparison of ratios of times with those of the last release."""

import importlib
import json
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def ratios(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("ratios")


def test_a_ratio_may_grow_by_its_factor_and_no_more(ratios):
    name, factor = next(iter(ratios.FACTORS.items()))
    before = {name: 2.0}
    assert ratios.grown({name: 1.0}, before) == []
    assert ratios.grown({name: 2.0 * factor - 0.01}, before) == []
    assert ratios.grown({name: 2.0 * factor + 0.01}, before) == [name]
    assert ratios.grown({name: 99.0}, {}) == []  # a new one has nothing to be compared with


def test_the_last_release_has_all_ratios(ratios):
    kept = json.loads((BENCHMARKS / "ratios.json").read_text())
    assert set(kept["ratios"]) == set(ratios.FACTORS)
    assert all(ratio > 0 for ratio in kept["ratios"].values())


def test_the_fastest_turn_counts(ratios):
    contenders = {"a": lambda: sum(range(20_000)), "b": lambda: sum(range(200_000)), "c": int}
    longer, shorter = ratios.fastest(contenders, calls=5, turns=9)
    assert longer > 2 > 1 > shorter
