"""The backward pass of a function, derived: `derive` gives it as NumPy source, as LaTeX, and in steps.

`reading` runs the function, watches its variables, and goes back through what was recorded, which is read
as formulas and made short; `layout` chooses which of them get a line, and folds rounds that are alike into
loops; `writing` writes them.  Read `deriving` first, where data flows from one to the next; `runs` makes the
runs for it, and `trial` tries what it finds on them.

Nothing is imported here, because `line`, which writes the rule of one operation for pages, works without
SymPy.
"""
