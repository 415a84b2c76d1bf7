"""Programs that people write, and in which a wrong number, or none, must never pass without a word.

`oracle` says what is right from the plain NumPy program alone.  Each `test_` file is one table: of programs
that write to views, of numbers taken from tensors, of arrays changed too early, and so on.
"""
