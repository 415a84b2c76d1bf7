"""Changes of whole statements.

changes     = for +=, other targets, other rounds, elements exchanged
conditions  other conditions
order       a statement before another one, or in another block
carried     what a round of a loop hands on to the next
counts      sizes and places that are put under names
"""
