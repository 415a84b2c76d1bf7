"""What the site is made of beside its pages.

listings   the files of the library that pages link to, as pages of their own
docstrings docstrings as the reference shows them
names      the public names, grouped, for the reference
formulas   formulas as MathML, and the rules of the table of derivatives as formulas
sessions   the sessions on pages, run as the pages are read
access     what the keyboard reaches
pages      the live pages of the gallery
"""
