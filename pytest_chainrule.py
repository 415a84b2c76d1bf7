"""A plugin for pytest: the fixture `check_derivation`.  It imports the library when a test asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograd.check import DerivationReport


@pytest.fixture
def check_derivation() -> Callable[..., DerivationReport]:
    """`autograd.check.derivation`, which fails the test with the whole report if the derivation is not right.

    def test_backward(check_derivation):
        check_derivation(forward, backward, {"X": X, "W": W})
    """
    from autograd import check

    def checked(forward: Any, backward: Any, inputs: Any, **options: Any) -> DerivationReport:
        __tracebackhide__ = True
        report = check.derivation(forward, backward, inputs, **options)
        if not report.ok:
            pytest.fail(str(report), pytrace=False)
        return report

    return checked
