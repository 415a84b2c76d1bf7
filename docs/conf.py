"""The documentation site, which runs all that it shows: `python -m sphinx -W -j auto docs docs/_build/html`.

Pages with cells are run by myst-nb, each in a kernel of its own; the sessions of the other pages by doctest.
What is made from the source of the library, such as its listings, goes to docs/made, before the pages are
read.
"""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE)]  # the library of this checkout, and the helpers in site_of/
os.environ["PYTHONPATH"] = str(HERE.parent)  # for the kernels
(HERE / "made/live").mkdir(parents=True, exist_ok=True)

from site_of import access, docstrings, formulas, listings, names, pages, sessions  # noqa: E402

import autograd  # noqa: E402

project = "chainrule"
author = "the authors of chainrule"
release = version = autograd.__version__
language = "en"

extensions = ["myst_nb", "sphinx.ext.autodoc"]
exclude_patterns = ["_build", "site_of", "**/.*"]
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"
default_role = "code"

html_theme = "furo"
html_title = f"chainrule {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_extra_path = ["made/live"]  # pages of `explore`, as they are
html_math_renderer = "mathml"
html_show_sphinx = False
html_copy_source = False
html_show_copyright = False
nb_output_stderr = "remove"  # what fonts are missing on the machine that builds is of no interest
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"


def setup(app):
    """What happens before pages are read, and while they are."""
    app.add_html_math_renderer("mathml", (formulas.inline, None), (formulas.block, None))
    app.connect("builder-inited", lambda app: listings.write(HERE))
    app.connect("builder-inited", lambda app: names.write(HERE))
    app.connect("builder-inited", lambda app: pages.write(HERE))
    app.connect("autodoc-process-docstring", docstrings.rewrite)
    app.connect("html-page-context", access.reachable, priority=900)  # after the theme
    app.connect("source-read", listings.link)
    app.connect("source-read", formulas.typeset)
    app.connect("source-read", sessions.run)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
