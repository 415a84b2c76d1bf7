"""From a step to a `Program`: what it called, on which arrays, and what it left behind.

`surroundings` finds what a step can read besides its arguments; `standin` is what takes the place of each
array and of each random generator while the step runs; `tape` notes the calls; `rows` puts the
engine's functions and rules on it, too; `source` writes down the conditions under which the same would
happen again; `recorder` does one recording, and puts everything back.
"""

from .recorder import is_recording, record
from .standin import Untraceable

__all__ = ["Untraceable", "is_recording", "record"]
