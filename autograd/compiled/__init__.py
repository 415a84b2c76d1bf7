"""Compiling a step: from then on it runs as the NumPy calls that it came down to, to the same numbers.

Data flows one way.  `recording` runs the step once, on stand-ins for its arrays, and gives a `program`;
`planning` leaves out what is not needed and says what goes into whose memory; `writing` makes source of that,
and a function; `step` holds the functions, and runs whichever fits.  Read them in this order.
"""

from .step import Compiled, compile

__all__ = ["Compiled", "compile"]
