"""From a function that runs to lines of expressions, as the rules give them.

`observe` runs the function and watches its variables (`replay` does it for a loss that is there already);
`naming` finds what things are called, and `words` looks for constants in the source; `read`, with the table
of `readings`, turns nodes into expressions, and `walk` goes back through them from the loss.
"""
