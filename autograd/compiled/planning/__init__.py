"""From a `Program` to a `Plan`: the calls that are needed, in their order, and the memory for each result.

`plan` makes the plan in several steps: `signs` moves minus signs until two of them meet;
`quicker` spells out calls at which NumPy is slow; `calls` leaves out what nobody needs, and finds what need
not be made again; `memory` says what is written where.
"""

from .memory import elementwise
from .plan import Plan, plan
from .quicker import exp_quietly

__all__ = ["Plan", "elementwise", "exp_quietly", "plan"]
