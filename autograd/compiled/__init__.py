"""Compiling a step: it then runs as the NumPy calls that it came down to, and gives the same numbers.

Data flows one way.  `recording` runs the step once, on stand-ins for its arrays, and gives a `program`;
`planning` leaves out what is not needed and says what goes into whose memory; `writing` turns the plan into
source, and that into a function; `step` holds the functions, and runs whichever fits.  Read them in this
order.
"""

from .step import Compiled, compile

__all__ = ["Compiled", "compile"]
