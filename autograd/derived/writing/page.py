"""A derivation on one page of HTML, which needs no other file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from .steps import Step

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #1a1a2e; background: #fff; }
pre { background: #f4f5f9; border-radius: 6px; padding: .8rem 1rem; overflow-x: auto; }
summary { cursor: pointer; font-family: ui-monospace, monospace; padding: .2rem 0; }
details { border-top: 1px solid #dcdfe8; padding: .2rem 0; }
.formulas { overflow-x: auto; font-size: 1.15rem; }
.formulas td { padding: .3rem 0; white-space: nowrap; vertical-align: baseline; }
.formulas td:first-child { text-align: right; }
math { display: inline math; }
mi[mathvariant=normal], mi[mathvariant=bold] { text-transform: none; }
mi[mathvariant=bold] { font-weight: bold; }
@media (prefers-color-scheme: dark) { body { color: #e6e6ef; background: #16161f; }
  pre { background: #22222e; } details { border-color: #3a3a4a; } }
"""


def page(title: str, source: str, steps: Sequence[Step], latex: str, remarks: Sequence[str]) -> str:
    """The page: the source, the remarks, the formulas, where each line comes from, and the LaTeX to copy."""
    said = "".join(f"<li>{escape(remark)}</li>" for remark in remarks)
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<pre><code>{escape(source)}</code></pre>",
        f"<h2>Remarks</h2><ul>{said}</ul>" if said else "",
        f"<h2>Formulas</h2>{formulas(latex)}",
        "<h2>Step by step</h2>",
        *(explained(step) for step in steps),
        f"<h2>LaTeX</h2><details><summary>to copy</summary><pre><code>{escape(latex)}</code></pre></details>",
    ]
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>'


def explained(step: Step) -> str:
    """A line that opens to show its explanation."""
    said = "".join(f"<p>{escape(sentence)}</p>" for sentence in step.because)
    chain = escape("\n".join(step.chain))
    return f"<details><summary>{escape(step.final)}</summary>{said}<pre>{chain}</pre></details>"


def formulas(latex: str) -> str:
    """Aligned equations, typeset: as MathML, which browsers show without a script."""
    rows = re.sub(r"\\(begin|end)\{aligned\}", "", latex).split(r"\\")
    cells = [row.strip().partition("&") for row in rows]
    lines = [f"<tr><td>{mathml(left)}</td><td>{mathml('{}' + right)}</td></tr>" for left, _, right in cells]
    return f'<div class="formulas"><table>{"".join(lines)}</table></div>'


def mathml(latex: str) -> str:
    """A formula as MathML, empty for an empty one.  Raises ImportError without latex2mathml."""
    try:
        from latex2mathml.converter import convert  # here, so that deriving needs SymPy only
    except ImportError as error:
        raise ImportError("a page's formulas are typeset by latex2mathml: pip install '.[derive]'") from error
    for written, understood in SIMPLER:
        latex = re.sub(written, understood, latex)
    made: str = convert(latex, display="block") if latex.strip() else ""
    return made.replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "")


SIMPLER = (  # what latex2mathml does not take, and what it does
    (r"\\mathrm\{(\w)\}", r"\\text{\1}"),  # one upright letter
    (r"\\mathbb\{1\}", "\N{MATHEMATICAL DOUBLE-STRUCK DIGIT ONE}"),
    (r"\\nolimits(?!_)", ""),
    (r"\\mathrel\{\+\}=", r"\\mathrel{+=}"),
)
