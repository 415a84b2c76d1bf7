"""Random programs on Tensors, held against numerical derivatives of the same text on arrays.

`python -m tests.fuzz --programs 100000 --seed 0` tries that many, and prints those that fail, as short as
they can be made.  Read `draft` for what a program is, `vocabulary`, `holes` and `statements` for what it
may say, `trial` for how it is judged, and `shrink` for what becomes of one that fails.
"""
