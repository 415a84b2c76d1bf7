"""What the whole run says at its end."""

from tests.cases import count_of_cases, count_of_functions


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(
        f"the table of derivative rules: {count_of_functions()} functions, held to the contract "
        f"in {count_of_cases()} cases"
    )
