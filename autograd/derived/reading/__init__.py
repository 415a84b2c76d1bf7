"""From a function that is run to lines of expressions, as the rules give them.

`observe` runs the function and watches its variables (`replay` does it for a loss that is there already);
`given` says what it is given, and `ending` where its loss is complete.  `naming` finds what things are
called; `walk` goes back through the nodes, read as expressions, from the loss.
"""
