"""A gradient as a sum over paths: what `explain` returns.

`paths` follows the numbers, or the arrays if these are too many; `cuts` says where no gradient goes on;
`text` is what is shown of both; `explain` is the entry.
"""
