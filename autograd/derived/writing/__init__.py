"""How a derivation is written."""
