"""Small changes of a line of the user's source, each of which takes back one kind of mistake.

edits        all changes of a line, at one place each
expressions  what could stand in the place of one expression
statements   what could stand in the place of a statement
quantities   what is in the scope of a line; nearby, what stands elsewhere in the same function
trees        pieces of syntax trees; values, what an expression makes with a part replaced
"""
