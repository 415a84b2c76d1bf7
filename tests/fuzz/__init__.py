"""Random programs on Tensors, compared with numerical derivatives of the same text on arrays.

`python -m tests.fuzz --programs 100000 --seed 0` tries this many, and prints the ones that fail, made as
short as possible.  Read `draft` for what a program is, `vocabulary`, `holes` and `statements` for what it
may contain, `trial` for how it is judged, and `shrink` for how a failing one is shortened.
"""
