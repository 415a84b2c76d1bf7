"""Pictures of a graph: Graphviz lays out what `plan` chooses and `pencil` draws; `draw` is the entry.

Read plan, pencil, picture, draw, and then animate, which draws one picture for each step.
"""
