"""Processes that tests start and talk to."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

LIMIT = 300.0


@contextmanager
def started(command: list[Any], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A process whose output can be read.  It ends with the block, and at the latest after LIMIT seconds.

    A test that reads what never comes then reads the end of the output, and fails.
    """
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options) as process:
        timer = threading.Timer(LIMIT, process.kill)
        timer.start()
        try:
            yield process
        finally:
            timer.cancel()
            process.kill()
