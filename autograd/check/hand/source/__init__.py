"""Small changes of a line of the user's source, each of which takes back one kind of mistake.

edits       all changes of a line, at one place each; calls, functions and insertions have some of them
statements  changes of whole statements; places, other indices to write to or read from
quantities  what is in the scope of a line; nearby, what stands elsewhere in the same function
trees       pieces of syntax trees
"""
