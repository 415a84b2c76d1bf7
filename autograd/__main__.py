"""`python -m autograd` is the command `chainrule`."""

from .command import main

if __name__ == "__main__":
    raise SystemExit(main())
