"""How a derivation is written.

`program` writes lines, loops and the function around them; `latex` writes mathematics; `steps` explains each
line in words; and `page` puts all of it on a page.
"""
