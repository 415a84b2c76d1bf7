"""From the user's source to the same with probes in it.

calls      what a call calls, and what it may change
nodes      small questions about a syntax tree, and new nodes for it
rewriter   where the probes go, statement by statement and expression by expression
"""
