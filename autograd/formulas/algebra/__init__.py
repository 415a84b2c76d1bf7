"""Expressions in named arrays, and how they are made short.

`expressions` says what one is; `arrays` adds sums, products of matrices and axes, `indexing` look-ups.
`values` computes them, `cost` says how long they are to read, `stretch` asks SymPy for other forms, and
`simplify` chooses: read them in this order.
"""
