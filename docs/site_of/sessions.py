"""The Python sessions on a page are run when it is read; what they print must be what they show."""

import doctest
import re

from sphinx.util import logging

SESSION = re.compile(r"^```python\n(>>> .*?)^```$", re.MULTILINE | re.DOTALL)
log = logging.getLogger(__name__)


def run(app, page, source):
    """Run the sessions of a page in one space of names; warn of what differs, which ends a build with -W."""
    text = "\n".join(SESSION.findall(source[0]))
    test = doctest.DocTestParser().get_doctest(text, {}, page, page, 0)
    said = []
    doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test, out=said.append)
    if said:
        log.warning("a session does not print what it shows:\n%s", "".join(said), location=page)
