"""What can be scrolled can be reached by the keyboard."""

import re

SCROLLED = re.compile(r'<(pre(?=[ >])|div(?= class="(?:table-wrapper|output text_html)))(?![^>]*tabindex)')


def reachable(app, page, template, context, doctree):
    """Put code and tables into the order of the tabulator key."""
    if "body" in context:
        context["body"] = SCROLLED.sub(r'<\1 tabindex="0"', context["body"])
