"""Which lines a derivation has."""
