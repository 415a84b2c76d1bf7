"""The logic of the page's scripts that needs no page, tested by Node."""

import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parent / "units"


@pytest.mark.parametrize("path", sorted(UNITS.glob("*.test.mjs")), ids=lambda path: path.name)
def test_units(path):
    node = shutil.which("node")
    assert node, "these tests need Node: apt-get install nodejs"
    done = subprocess.run([node, "--test", path], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
