"""From recorded nodes to expressions.

`read` goes through the nodes, `readings` says what each function is as arithmetic, and `windows` recognises
views of sliding windows.
"""
