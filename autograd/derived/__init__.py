"""The backward pass of a function, derived: `derive` gives it as NumPy source, as LaTeX, and in steps.

`reading` runs the function, watches its variables, and goes back through what was recorded, which is read as
formulas and made short; `layout` chooses which of them get a line, and folds alike rounds into loops;
`writing` writes them.  Read `deriving` first, where data flows from one to the next.

Nothing is imported here: `line`, which writes the rule of one operation for pages, works without SymPy.
"""
