"""The cases: for every function in the table, calls in which its rules are held to their contract."""

from autograd.ops import Function, table

from . import cases_elementwise, cases_linalg, cases_reduce, cases_shape, cases_unchanging
from .cases_common import Case

CASES: list[Case] = [
    *cases_elementwise.CASES,
    *cases_reduce.CASES,
    *cases_shape.CASES,
    *cases_linalg.CASES,
    *cases_unchanging.CASES,
]


def functions() -> set[Function]:
    """The functions of the library's own table: those with rules, which no test or user has added."""
    ours = ("numpy", "_operator", "autograd")
    return {
        f
        for f, op in table.items()
        if (op.rules or op.each) and (getattr(f, "__module__", None) or "numpy").partition(".")[0] in ours
    }


FUNCTIONS = functions()  # as the table is before any test has run


def count_of_functions() -> int:
    """How many functions of the table have a case."""
    return len(FUNCTIONS & {case.function for case in CASES})


def count_of_cases() -> int:
    return len(CASES)
