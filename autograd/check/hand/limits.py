"""How long the searches may take, in seconds of this thread: on a busy machine they find as much."""

LOCATE = 1.2  # for the line in whose place the engine's value makes all right
CHANGE = 1.6  # for a change of a line that does
DIAGNOSE = 0.6  # for what is wrong with a line
