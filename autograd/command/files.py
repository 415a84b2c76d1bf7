"""A file of the user's, run as a module, and the values for the arguments of its functions."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import inspect
import os
import random
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from ..errors import AutogradError
from .find import indices


class CallError(AutogradError, ValueError):
    """A call of the command that can't be done, with the remedy; `line` is its place in the file."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file.  Raises CallError if there is no such file, or it is not Python."""
    if path.suffix == ".ipynb":
        raise CallError(
            f"{path} is a notebook: write `jupyter nbconvert --to script {path}`, and pass the result"
        )
    try:
        return ast.parse(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise CallError(f"{path} can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CallError(f"{path} is not text in UTF-8: pass a file of Python source") from None
    except (SyntaxError, ValueError) as error:
        where = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        line = getattr(error, "lineno", None) or 1
        raise CallError(f"{path}{where} is not Python: {getattr(error, 'msg', error)}", line) from None


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """A block in which np.random and random draw from a seed; afterwards they go on as they would have."""
    before = np.random.get_state(), random.getstate()
    np.random.seed(seed)
    random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(before[0])
        random.setstate(before[1])


def loaded(path: Path) -> ModuleType:
    """The file, run as a module; what it prints goes to stderr, and no window is opened for its plots.

    Raises CallError if it raises an error.
    """
    os.environ.setdefault("MPLBACKEND", "agg")
    name = (
        path.stem
        if path.stem.isidentifier() and path.stem not in sys.modules
        else f"chainrule_{abs(hash(path))}"
    )
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.resolve().parent))  # so that it can import files beside it, also later
    try:
        with contextlib.redirect_stdout(sys.stderr):
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise CallError(f"{path} raised{line_of(error, path)} {told(error)}") from error
    return module


def line_of(error: BaseException, path: Path) -> str:
    """Where in the file an exception passed last: " in line 3"."""
    last, trace = "", error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path.resolve()):
            last = f" in line {trace.tb_lineno}:"
        trace = trace.tb_next
    return last or ":"


def told(error: BaseException) -> str:
    """An error as one line: its type, and its message if it has one."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


class Values:
    """The values that the arguments of a file's functions get, by name.

    A value on the command line comes first, then what `<name>_inputs()` or `inputs()` in the file returns,
    then the file's own variables.
    """

    def __init__(self, module: ModuleType, given: Mapping[str, Any]) -> None:
        self.module, self.given = module, dict(given)

    def of(self, name: str) -> dict[str, Any]:
        """All values that there are for a target, by name."""
        own = {k: v for k, v in vars(self.module).items() if not k.startswith("_") and is_value(v)}
        return {**own, **self.returned("inputs"), **self.returned(f"{name.lower()}_inputs"), **self.given}

    def returned(self, name: str) -> dict[str, Any]:
        """What the function of this name in the file returns; nothing if there is none."""
        function = getattr(self.module, name, None)
        if not callable(function):
            return {}
        try:
            with contextlib.redirect_stdout(sys.stderr):
                values = function()
        except Exception as error:
            where = line_of(error, self.path)
            raise CallError(f"{name}() of {self.file} raised{where} {told(error)}") from error
        if not isinstance(values, Mapping):
            raise CallError(
                f"{name}() of {self.file} returns a {type(values).__name__}: let it return a dictionary by "
                'name, {"X": X, "W1": W1}'
            )
        return dict(values)

    @property
    def path(self) -> Path:
        """Where the file is."""
        return Path(str(self.module.__file__))

    @property
    def file(self) -> str:
        """The name of the file, for messages."""
        return self.path.name

    def fitting(self, functions: list[Callable[..., Any]], name: str) -> dict[str, Any]:
        """The values that there are for the parameters of some functions, by name.

        Raises CallError if the first function needs one that there is not.
        """
        known = self.of(name)
        wanted = {p.name: p for f in reversed(functions) for p in parameters(f)}
        needed = [p.name for p in parameters(functions[0]) if p.default is p.empty]
        if missing := [n for n in needed if n not in known]:
            function = functions[0].__qualname__.removesuffix(".__init__")
            raise CallError(
                f"{function} takes {', '.join(missing)}, and the file has no value by such a name: "
                f"{remedy_for(missing, self.path)}"
            )
        return {n: known[n] for n in wanted if n in known}

    def object(self, kind: type, name: str) -> Any:
        """An object of a class: one of the file's own variables, or a new one.

        Raises CallError if its constructor needs a value that there is not, or raises an error.
        """
        for value in reversed(vars(self.module).values()):
            if type(value) is kind:
                return value
        make: Any = kind.__init__  # type: ignore[misc]
        try:
            arguments = self.fitting([make], name) if inspect.isfunction(make) else {}
            with contextlib.redirect_stdout(sys.stderr):
                return kind(**arguments)
        except CallError:
            raise
        except Exception as error:
            raise CallError(f"{kind.__name__}(…) raised {told(error)}") from error

    def function(self, dotted: str, name: str, owner: Any = None) -> Callable[..., Any]:
        """The function, or the bound method, with a dotted name.  Raises CallError if there is none."""
        held: Any = self.module
        for part in dotted.split("."):
            if not hasattr(held, part):
                raise CallError(f"there is no {dotted} in {self.file}")
            if inspect.isclass(held):
                held = owner if type(owner) is held else self.object(held, name)
            held = getattr(held, part)
        if inspect.isclass(held):
            method = "forward" if hasattr(held, "forward") else "METHOD"
            raise CallError(f"{dotted} is a class: name a method of it, {self.file}:{dotted}.{method}")
        if not callable(held):
            raise CallError(f"{dotted} of {self.file} is a {type(held).__name__}, and no function")
        return held  # type: ignore[no-any-return]


def remedy_for(names: Iterable[str], path: Path) -> str:
    """What to type for values of these names, which are taken by functions of a file."""
    used = indices(parsed(path))
    options = " ".join(option_for(name, name in used) for name in names)
    whole = " (4:3 is four integers below 3)" if ":3" in options else ""
    return (
        f"type {options}, with the shapes and values that belong there{whole}, or let a function inputs() in "
        f"{path.name} return them by name"
    )


def remedy_of(inputs: Mapping[str, Any], path: Path) -> str:
    """The text below an error: what was given, and how to give something else; empty if nothing was given."""
    given = ", ".join(f"{name} {described(value)}" for name, value in inputs.items())
    return given and f"\nit was given {given}: if that does not fit, {remedy_for(inputs, path)}"


def described(value: Any) -> str:
    """What a value is, in short: its shape, a number itself, or the name of its type."""
    if isinstance(value, np.ndarray | np.generic) and np.ndim(value):
        return f"of shape {np.shape(value)}"
    return f"= {value}" if isinstance(value, int | float | np.generic) else f"of type {type(value).__name__}"


def option_for(name: str, is_index: bool = False) -> str:
    """An option of the command line that gives a value for a name: a number, or an array.

    >>> option_for("lr"), option_for("n_hidden"), option_for("W1"), option_for("y", is_index=True)
    ('--set lr=0.1', '--set n_hidden=5', '--shape W1=4,2', '--shape y=4:3')
    """
    value = next((value for pattern, value in NUMBERS.items() if re.fullmatch(pattern, name)), None)
    return f"--set {name}={value}" if value else f"--shape {name}={'4:3' if is_index else '4,2'}"


NUMBERS = {  # patterns for the names of single numbers, each with such a number
    r"eps\w*|tol\w*": "1e-8",
    r"lr|learning_rate|alpha|eta|step_?size|reg\w*|lam\w*|l2|weight_decay|dropout|p|margin": "0.1",
    r"beta\d?|momentum|rho|decay|keep_prob": "0.9",
    r"(?:n|num|nb)_\w+|\w*(?:_size|_dim|_features|_units|epochs?|iter\w*|_steps?)|stride|pad\w*": "5",
}


def is_value(value: Any) -> bool:
    """Whether a variable of a module is a value, and no function, class or module."""
    return not (callable(value) or inspect.ismodule(value))


def parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """The parameters of a function that can be passed by name; for a constructor, without the object."""
    try:
        listed = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return []
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    skip = function.__name__ == "__init__" and not inspect.ismethod(function)
    return [p for p in listed[skip:] if p.kind not in kinds]


def drawn(declared: str, rng: np.random.Generator) -> tuple[str, Any]:
    """The name and the array that `--shape` declares: X=4,2, or y=4:3 for integers below 3.

    >>> name, array = drawn("y=4:3", np.random.default_rng(0))
    >>> name, array.shape, array.dtype.kind, array.max() < 3
    ('y', (4,), 'i', np.True_)
    """
    name, _, text = declared.partition("=")
    sizes, _, below = text.partition(":")
    try:
        shape = tuple(int(n) for n in sizes.split(",") if n.strip())
        highest = int(below) if below else 0
        if not name.isidentifier() or "=" not in declared or min((*shape, 0)) < 0 or highest < 0:
            raise ValueError
    except ValueError:
        raise CallError(
            f"--shape {declared} is no shape: write NAME=4,2 for an array of normal numbers, "
            "NAME=4:3 for four integers below 3, and NAME= for one number"
        ) from None
    return name, rng.integers(highest, size=shape) if below else rng.normal(size=shape)


def computed(declared: str) -> tuple[str, Any]:
    """The name and the value that `--set` declares: reg=0.1, y=np.eye(3).

    >>> computed("reg=1/4")
    ('reg', 0.25)
    """
    name, _, text = declared.partition("=")
    if not name.isidentifier() or not text:
        raise CallError(
            f"--set {declared} sets nothing: write NAME=EXPRESSION, such as reg=0.1 or y=np.eye(3)"
        )
    try:
        return name, eval(text, {"np": np})
    except Exception as error:
        raise CallError(f"--set {declared} raised {told(error)}") from None
