"""What a picture and a page fold: modules, scopes, and repetitions.

`fold` has the groups, `repeats` finds what repeats, and `outline` arranges both for a page.
"""
