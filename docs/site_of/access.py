"""What can be scrolled can be reached by the keyboard, and headings have a level."""

import re

SCROLLED = re.compile(r'<(pre(?=[ >])|div(?= class="(?:table-wrapper|output text_html)))(?![^>]*tabindex)')


def reachable(app, page, template, context, doctree):
    """Put code and tables into the order of the tabulator key, and say of which level the captions are."""
    if "body" in context:
        tree = context.get("furo_navigation_tree", "")
        context["furo_navigation_tree"] = tree.replace('role="heading"', 'role="heading" aria-level="2"')
        context["body"] = SCROLLED.sub(r'<\1 tabindex="0"', context["body"])
