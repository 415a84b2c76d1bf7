"""Which tests run with what is installed, and what the whole run prints at its end."""

from importlib.util import find_spec

import numpy as np
import pytest

from autograd.check.hand import limits
from tests.cases import count_of_cases, count_of_functions

collect_ignore_glob = [
    "reference/*",  # its scripts need PyTorch
    "handed_in/*",  # files of learners, some of which cannot even be imported
]


def pytest_addoption(parser):
    parser.addoption("--all", action="store_true", help="fail where a library is missing that a test needs")


def pytest_configure(config):
    config.addinivalue_line("markers", "needs(module, ...): libraries of the extra `all` that a test needs")


def pytest_runtest_setup(item):
    """Leave a test out whose libraries are not here, unless all are to run."""
    wanted = [module for mark in item.iter_markers("needs") for module in mark.args]
    missing = [module for module in wanted if find_spec(module) is None]
    if missing:
        stop = pytest.fail if item.config.getoption("--all") else pytest.skip
        stop(f"needs {', '.join(missing)}")


def left_out(terminalreporter):
    """The lines about tests that were left out, by what they need."""
    reasons = [r.longrepr[2] for r in terminalreporter.getreports("skipped") if isinstance(r.longrepr, tuple)]
    for reason in sorted({r for r in reasons if "needs " in r}):
        wants = reason.removeprefix("Skipped: needs ")
        yield f"left out: {reasons.count(reason)} tests, for want of {wants}: pip install '.[all]'"


def pytest_terminal_summary(terminalreporter):
    for line in left_out(terminalreporter):
        terminalreporter.write_line(line)
    terminalreporter.write_line(
        f"the table of derivative rules: {count_of_functions()} functions, held to the contract "
        f"in {count_of_cases()} cases"
    )
    found = properties(terminalreporter)
    if found:
        terminalreporter.write_line(
            f"gradcheck: {found['mutants']} wrong rules found, {found['missed']} missed; "
            f"{found['right']} right ones, {found['alarms']} called wrong, "
            f"{found['open']} left open, where the gradient is zero or there is none"
        )
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, figures in getattr(report, "user_properties", ()):
            if name == "figures":
                terminalreporter.write_line(figures)


def properties(terminalreporter):
    """The counts that tests have recorded as properties of themselves, each summed over the tests."""
    total = {}
    for report in [r for reports in terminalreporter.stats.values() for r in reports]:
        for name, value in getattr(report, "user_properties", ()):
            if getattr(report, "when", "") == "call" and name in COUNTS:
                total[name] = total.get(name, 0) + value
    return {name: total.get(name, 0) for name in COUNTS} if total else {}


COUNTS = ("mutants", "missed", "right", "alarms", "open")


STATES = {}  # of the modules' generators, as the imports left them


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """What a search finds is counted in runs, and not in seconds: a slow machine is to find as much."""
    for name in ("SECONDS", "MOST_SECONDS", "DIAGNOSING"):
        monkeypatch.setattr(limits, name, 2 * getattr(limits, name))


@pytest.fixture(autouse=True)
def same_numbers(request):
    """A test draws the same numbers from its module's generator, whichever tests the process ran before."""
    for name in ("RNG", "rng"):
        generator = getattr(request.module, name, None)
        if isinstance(generator, np.random.Generator):
            _, start = STATES.setdefault(id(generator), (generator, generator.bit_generator.state))
            generator.bit_generator.state = start
