"""The live pages of the gallery: each computation is run, and `explore` writes a page about it."""

import runpy

from autograd import explore


def write(docs):
    """Write the live pages to docs/made/live/live, which the site takes as it is."""
    folder = docs / "made/live/live"
    folder.mkdir(parents=True, exist_ok=True)
    for name, (_, make) in runpy.run_path(str(docs / "gallery/computations.py"))["COMPUTATIONS"].items():
        output, names, report = make()
        explore(output, folder / f"{name}.html", names=names, report=report)
