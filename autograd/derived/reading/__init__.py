"""From a recorded graph to expressions."""
