"""Recorded operations as formulas: `reading` reads nodes as expressions, `algebra` makes these short, and
`source` writes them as NumPy source.

Nothing is imported here: all but `algebra.simplify` works without SymPy.
"""
