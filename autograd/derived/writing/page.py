"""A derivation on one page of HTML, that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from .steps import Step

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #1a1a2e; background: #fff; }
pre { background: #f4f5f9; border-radius: 6px; padding: .8rem 1rem; overflow-x: auto; }
summary { cursor: pointer; font-family: ui-monospace, monospace; padding: .2rem 0; }
details { border-top: 1px solid #dcdfe8; padding: .2rem 0; }
@media (prefers-color-scheme: dark) { body { color: #e6e6ef; background: #16161f; }
  pre { background: #22222e; } details { border-color: #3a3a4a; } }
"""


def page(title: str, source: str, steps: Sequence[Step], latex: str, remarks: Sequence[str]) -> str:
    """The source, each line with where it comes from, the remarks, and the LaTeX to copy."""
    said = "".join(f"<li>{escape(remark)}</li>" for remark in remarks)
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<pre><code>{escape(source)}</code></pre>",
        f"<h2>Remarks</h2><ul>{said}</ul>" if said else "",
        "<h2>Step by step</h2>",
        *(explained(step) for step in steps),
        f"<h2>LaTeX</h2><pre><code>{escape(latex)}</code></pre>",
    ]
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>'


def explained(step: Step) -> str:
    """A line that opens on its explanation."""
    said = "".join(f"<p>{escape(sentence)}</p>" for sentence in step.because)
    chain = escape("\n".join(step.chain))
    return f"<details><summary>{escape(step.final)}</summary>{said}<pre>{chain}</pre></details>"
