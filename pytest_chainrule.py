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
    from autograd.errors import AutogradError

    def checked(*arguments: Any, **options: Any) -> DerivationReport:
        __tracebackhide__ = True
        try:
            report = check.derivation(*arguments, **options)
        except AutogradError as error:  # what matters is the line of the test
            raise error.with_traceback(None) from None
        if not report.ok:
            pytest.fail(str(report), pytrace=False)
        return report

    return checked
