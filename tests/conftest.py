"""What the whole run prints at its end."""

from tests.cases import count_of_cases, count_of_functions

collect_ignore_glob = [
    "reference/*",  # its scripts need PyTorch
    "handed_in/*",  # files of learners, some of which cannot even be imported
]


def pytest_terminal_summary(terminalreporter):
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
