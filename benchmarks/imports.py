"""The time of `import autograd` against `import numpy` alone, in whole processes that take turns."""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median


def seconds(code):
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    subprocess.run([sys.executable, "-m", "compileall", "-q", "autograd"], check=True)
    rounds = [[seconds(c) for c in ("pass", "import numpy", "import autograd")] for _ in range(31)]
    empty, numpy, autograd = map(median, zip(*rounds, strict=True))
    print("| ms, median of 31 processes | |\n|---|---|")
    print(f"| python | {empty * 1e3:.1f} |\n| import numpy | {numpy * 1e3:.1f} |")
    print(f"| import autograd | {autograd * 1e3:.1f} |\n| autograd / numpy | {autograd / numpy:.3f} |")
