"""Expressions in named arrays, and how they are made short."""
