"""From recorded nodes to expressions.

`read` goes through the nodes, `readings` knows what each function is as arithmetic, and `windows` what views
of sliding windows are.
"""
