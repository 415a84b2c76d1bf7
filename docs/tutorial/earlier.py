"""The pieces of the engine that earlier chapters built: the cells with the tag `piece`, run in order."""

import re
from pathlib import Path

PIECE = re.compile(r"^```\{code-cell\} ipython3\n:tags: \[piece\]\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def pieces(chapter):
    """The source of the pieces before a chapter, given by its number."""
    pages = sorted(Path(__file__).parent.glob("[1-9]_*.md"))[: chapter - 1]
    return "\n".join(found for page in pages for found in PIECE.findall(page.read_text(encoding="utf-8")))
