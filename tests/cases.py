"""The cases: calls of every function in the table, by which its rules are held to their contract."""

from autograd.ops import Function, composed, table
from autograd.rules import (
    fourier,  # noqa: F401  (otherwise loaded only when it is needed)
    writing,
)
from autograd.rules.refused import REASONS

from . import (
    cases_assembly,
    cases_calculus,
    cases_choosing,
    cases_decompositions,
    cases_einsum,
    cases_elementwise,
    cases_fourier,
    cases_linalg,
    cases_norms,
    cases_polynomials,
    cases_reduce,
    cases_sampling,
    cases_shape,
    cases_spectral,
    cases_statistics,
    cases_unchanging,
    cases_versions,  # the last, so that the others draw the same numbers whichever of these cases there are
)
from .cases_common import Case

CASES: list[Case] = [
    *cases_elementwise.CASES,
    *cases_reduce.CASES,
    *cases_shape.CASES,
    *cases_linalg.CASES,
    *cases_unchanging.CASES,
    *cases_assembly.CASES,
    *cases_calculus.CASES,
    *cases_choosing.CASES,
    *cases_statistics.CASES,
    *cases_decompositions.CASES,
    *cases_einsum.CASES,
    *cases_fourier.CASES,
    *cases_norms.CASES,
    *cases_sampling.CASES,
    *cases_polynomials.CASES,
    *cases_spectral.CASES,
    *cases_versions.CASES,
]


def functions() -> set[Function]:
    """The functions of the library's own table, with rules or composed, which no test or user has added.

    Those that write into a Tensor, and return nothing, are held to NumPy's in test_table.py.
    """
    ours = ("numpy", "_operator", "autograd")
    known = [f for f, op in table.items() if op.rules or op.each]
    known += [f for f, made in composed.items() if f not in REASONS and made.__module__ != writing.__name__]
    return {f for f in known if (getattr(f, "__module__", None) or "numpy").partition(".")[0] in ours}


FUNCTIONS = functions()  # the table before any test has run


def count_of_functions() -> int:
    """The number of functions in the table that have a case."""
    return len(FUNCTIONS & {case.function for case in CASES})


def count_of_cases() -> int:
    return len(CASES)
