"""Random programs: a few hundred in every run, and proof that faulty ones are found."""

import inspect
import operator

import numpy as np
import pytest

from autograd import Tensor
from autograd.ops import row

from .cases import FUNCTIONS
from .fuzz.__main__ import main
from .fuzz.draft import Draft, Line, Program, Refused
from .fuzz.shrink import shrunk
from .fuzz.statements import USES, WORDS
from .fuzz.trial import Doubt, drafted, function_of, judge, snippet

KINDS = ("in place", "assignments", "loops", "views")
CHUNK = 40


@pytest.mark.parametrize("start", range(0, 8 * CHUNK, CHUNK))
def test_programs(start):
    doubts = 0
    for k in range(start, start + CHUNK):
        draft, _ = drafted(f"suite.{k}", 10, KINDS)
        try:
            failure, _ = judge(draft)
        except Doubt:
            doubts += 1
        else:
            assert failure is None, snippet(draft.program, str(failure))
    assert doubts <= 2


def test_words_are_of_the_table():
    assert len(USES[False]) > 200
    words = [function_of(use) for use in USES[False]]
    assert all(f in FUNCTIONS or inspect.unwrap(f) in FUNCTIONS for f in words)


@pytest.fixture
def first_failure(monkeypatch):
    """A function that finds the first program of few words that fails, made as short as possible."""

    def find(use):
        for analytic, words in WORDS.items():
            monkeypatch.setitem(USES, analytic, [w for w in (use, "np.sin", "np.multiply") if w in words])
        for k in range(20):
            draft, _ = drafted(f"wrong.{k}", 6, KINDS)
            failure, _ = judge(draft)
            if failure:
                return shrunk(draft.program, failure)
        return None

    return find


def constant_on_tensors(g, y, x):
    """A function that is right on arrays, but whose second derivative holds y constant."""
    return g * (y.detach() if type(y) is Tensor else y)


WRITTEN = row(operator.setitem).rules[1]
WRONG = {
    "a sign": ("np.arctan", [lambda g, y, x: -g / (1 + x * x)], "first"),
    "a factor": ("np.var", [lambda g, y, a, axis=None, ddof=0, **_: g.sum() + 0 * a], "first"),
    "what was overwritten": ("operator.setitem", [lambda g, y, a, v, index: g, WRITTEN], "first"),
    "the second derivative": ("np.exp", [constant_on_tensors], "second"),
    "the order": ("np.flip", [lambda g, y, m, axis=None: g], "first"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_finds_what_is_wrong(mistake, monkeypatch, first_failure):
    use, rules, kind = WRONG[mistake]
    monkeypatch.setattr(row(function_of(use)), "rules", tuple(rules))
    program, failure = first_failure(use)
    assert failure.kind == kind
    assert len(program.lines) <= 3


def test_finds_a_wrong_value(monkeypatch, first_failure):
    monkeypatch.setattr(row(np.arctan), "call", lambda x: np.nextafter(np.arctan(x), 9))
    program, failure = first_failure("np.arctan")
    assert failure.kind == "value"
    assert "np.arctan" in program.body


# The parts of the fuzzing


def draft_of(*lines):
    x = np.array([[0.5, -1.0], [2.0, 0.25]])
    draft = Draft(Program([x], [], ([x], [x]), analytic=True))
    for line in lines:
        draft.add(line)
    return draft


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (Line("t2 = np.maximum(x0, 0.5)", "x0 > 0.5"), "chooses differently"),
        (Line("t1[0][:] = 1 / np.zeros(2)", kind="views"), "raises"),
        (Line("t1 *= np.exp(x0 * 40)", kind="in place"), "large"),
        (Line("x0[0] = 1", kind="assignments"), "ValueError"),
        (Line("t2 = x0[:0]"), "empty"),
        (Line("t2 = t3"), "NameError"),
    ],
    ids=lambda part: part.text if isinstance(part, Line) else "",
)
def test_refused_line_changes_nothing(line, reason):
    draft = draft_of(Line("t1 = x0 * 2"), Line("t0 = t1[0]"))
    before = [scope["t1"].copy() for scope in draft.scopes]
    with pytest.raises(Refused, match=reason), np.errstate(all="raise"):
        draft.add(line)
    assert len(draft.program.lines) == 2
    for scope, t1 in zip(draft.scopes, before, strict=True):
        assert "t2" not in scope
        assert np.shares_memory(scope["t0"], scope["t1"])
        np.testing.assert_array_equal(scope["t1"], t1)


def test_snippet_runs():
    program = drafted("suite.0", 10, KINDS)[0].program
    scope = {}
    exec("import numpy as np, autograd\n" + snippet(program, "title"), scope)
    used = [name for name in program.names if name in scope]
    for a, b in zip(scope["f"](*map(scope.get, used)), program.function()(*program.arguments()), strict=True):
        np.testing.assert_array_equal(a, b)


def test_command_line(capsys):
    assert main(["--programs", "30", "--lines", "5", "--kinds", "in place"]) == 0
    out = capsys.readouterr().out
    assert "0 mismatches in 30 programs" in out
