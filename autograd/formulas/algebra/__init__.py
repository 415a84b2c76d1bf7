"""Expressions in named arrays, and how they are made short.

`expressions` says what an expression is; `arrays` adds sums, products of matrices and axes, and `indexing`
adds look-ups.  `values` computes them, `cost` says how long they are to read, `stretch` asks SymPy for other
forms, and `simplify` chooses one.  Read them in this order.
"""
