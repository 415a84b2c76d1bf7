"""How long the searches may take, in seconds of this thread: on a busy machine they find as much."""

LOCATE = 1.6  # for the line in whose place the engine's value makes all right
CHANGE = 2.0  # for a change of a line that does
DIAGNOSE = 1.0  # for what is wrong with a line
