"""Which values get a line, and in which order.

`items` says what a layout consists of, and `order` what comes first.  `lines` takes in what is as short
inside the next line, and names what is used twice; `alike` and `loops` fold the rounds of a loop, `recompute`
adds what the forward pass has forgotten, and `plan` calls them in turn.
"""
