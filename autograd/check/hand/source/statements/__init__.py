"""Changes of whole statements.

changes     = for +=, += for =, elements exchanged, statements left out
targets     other places to write to
given       other containers and words for what is called
rounds      other rounds of a loop
conditions  other conditions
siblings    as a statement of a name that is like it
order       a statement before another one, or in another block
carried     what a round of a loop hands on to the next
counts      sizes and places that are put under names
void        statements that make nothing new
"""
