"""What things are called in a derivation, each as the user calls it.

`variables` says what a name is, and `series` finds the lists of values that a loop gives a variable.
`constants` names the numbers and arrays that were not recorded, and `words` searches the source for them.
`names` gives every value of a run the best of its names.
"""

from .names import Names
from .variables import UNNAMED, Variable, held, singular

__all__ = ["UNNAMED", "Names", "Variable", "held", "singular"]
