"""The user's source with probes in it, and what the probes do in a run."""
