"""What `autograd.compile` returns: a step, and the programs that take its place."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from threading import RLock
from typing import Any, NamedTuple

import numpy as np

from ..errors import CompileWarning
from ..mode import GRADIENTS, Debugging, recording
from ..tensor import Tensor
from .planning import Plan, plan
from .program import Check, Program
from .recording import Untraceable, is_recording, record
from .recording.tape import name_of
from .writing import MISS, NotNative, Partial, emit, emit_native, numba

MOST = 8  # the most programs of a step, and the most recordings in a row that differ


class Recorded(NamedTuple):
    """A recording, its source, and the function made of that."""

    program: Program
    plan: Plan
    source: str
    run: Callable[..., Any]
    many: bool = False  # whether `run` is also told how many steps to make


class Compiled:
    """A step that runs as a recorded program if one fits, and as it is if none can be recorded.

    source  the source of the programs, in NumPy
    reason  why the step is not compiled; empty if it is
    """

    def __init__(self, step: Callable[..., Any], backend: str, steps: int) -> None:
        self.__wrapped__ = self.step = step
        self.backend, self.steps = backend, steps
        self.reason = ""
        self.programs: list[Recorded] = []
        self.runs: list[Callable[..., Any]] = []  # the functions of the programs, the latest first
        self.pending: list[Recorded] = []  # recordings that no other has confirmed yet
        self.counters: set[tuple[int, Any]] = set()  # the places of numbers that a step changes
        self.varying: set[tuple[int, Any]] = (
            set()
        )  # the places of numbers that have changed between two calls
        self.learning = self.branches = True
        self.memory = RLock()  # held while a program runs, as its memory is for one thread at a time

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The result of the latest program that fits, or else of the step itself."""
        if self.steps > 1:
            return self.many(args, kwargs)
        if recording.get().level == GRADIENTS:
            with self.memory:
                for run in self.runs:
                    result = run(args, kwargs)
                    if result is not MISS:
                        return result
        return self.one(args, kwargs)

    def one(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The result of a step for which there is no program; it is recorded if it can be."""
        now = recording.get()
        if self.reason or now.level != GRADIENTS or type(now) is Debugging or is_recording():
            return self.step(*args, **kwargs)
        return self.recorded(args, kwargs)

    def many(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The result of the last of all the steps."""
        left, result = self.steps, None
        while left:
            result, done = self.some(args, kwargs, left)
            left -= done
        return result

    def some(self, args: tuple[Any, ...], kwargs: dict[str, Any], steps: int) -> tuple[Any, int]:
        """The result of as many of the steps as one program makes, and their number."""
        for recorded in self.programs[::-1] if recording.get().level == GRADIENTS else []:
            with self.memory:
                result = recorded.run(args, kwargs, *[steps] * recorded.many)
            done = steps if recorded.many else 1
            if type(result) is Partial:
                if result.interrupted:
                    raise KeyboardInterrupt
                return None, result.done
            if result is not MISS:
                return result, done
        return self.one(args, kwargs), 1

    @property
    def source(self) -> str:
        """The source of all its programs, the oldest first; or a comment that says why there is none."""
        if self.reason:
            return f"# not compiled: {self.reason}\n"
        return "\n".join(recorded.source for recorded in self.programs) or "# not yet recorded\n"

    def recorded(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The result of a call that is recorded.  Two recordings that agree make a program."""
        self.learn(args, kwargs)
        while True:
            try:
                program, result = record(self.step, args, kwargs, self.counters, self.varying, self.branches)
                break
            except Untraceable as error:
                refusal = str(error)
            except Exception as error:  # the step's own, which it raises again; or a stand-in's
                refusal = f"recording it raises {type(error).__name__}, {error}"
                self.varying = set()
            if not self.varying:
                result = self.step(*args, **kwargs)
                self.refuse(refusal)
                return result
            self.varying, self.learning = set(), False  # perhaps it only needs its numbers as they are
        planned = plan(program)
        self.add(Recorded(program, planned, *emit(program, planned)))
        return result

    def add(self, recorded: Recorded) -> None:
        """Make a program of a recording if an earlier one agrees with it."""
        confirmed = next((other for other in self.pending if agree(other, recorded)), None)
        if confirmed is None:
            self.pending.append(recorded)
            if len(self.pending) > MOST:
                self.refuse("no two calls of it do the same")
            return
        self.pending.remove(confirmed)
        if self.backend == "numba":
            recorded = self.native(recorded)
        self.programs.append(recorded)
        self.runs.insert(0, recorded.run)
        if len(self.programs) > MOST:
            self.tidy()

    def learn(self, args: Any, kwargs: Any) -> None:
        """Note numbers that have changed since they were recorded: from now on every step reads them."""
        for recorded in [*self.programs, *self.pending] if self.learning else []:
            check = failed(recorded.program, args, kwargs)
            if check is not None and check.place is not None:
                self.varying.add(check.place.identity)

    def tidy(self) -> None:
        """Forget too many programs, and record branches inside of functions no more; then give up."""
        if not self.branches:
            self.refuse(f"it was recorded {MOST} times, and there is no end to it")
        self.programs, self.runs, self.pending, self.branches = [], [], [], False

    def native(self, recorded: Recorded) -> Recorded:
        """The same recording as native code, if there are loops for all of it."""
        program, planned = recorded.program, recorded.plan
        try:
            return Recorded(program, planned, *emit_native(program, planned, self.steps), self.steps > 1)
        except NotNative as missing:
            warnings.warn(
                f"{name_of(self.step)} stays NumPy, and does not become native code: there are no loops "
                f"for {missing}",
                CompileWarning,
                stacklevel=5,
            )
            return recorded

    def refuse(self, why: str) -> None:
        """Give up for good: from now on the step runs as it is, and a CompileWarning says why."""
        self.reason = why
        self.programs, self.runs, self.pending = [], [], []
        warnings.warn(
            f"{name_of(self.step)} is not compiled, and runs as it is: {why}", CompileWarning, stacklevel=4
        )


def failed(program: Program, args: Any, kwargs: Any) -> Check | None:
    """The first condition of a program that does not hold; None if all hold."""
    space = program.names | {"args": args, "kwargs": kwargs}
    for check in program.checks:
        try:
            holds = eval(check.source, space)
        except (LookupError, AttributeError, TypeError):
            holds = False
        if not holds:
            return check
    return None


def agree(one: Recorded, other: Recorded) -> bool:
    """Whether two recordings have the same source, which refers to the same objects or to equal constants."""
    a, b = one.run.__globals__, other.run.__globals__
    return one.source == other.source and all(
        value is b[name] or name in ("run", "look", "__builtins__") or alike(name, value, b[name])
        for name, value in a.items()
    )


def alike(name: str, a: Any, b: Any) -> bool:
    """Whether two constants are equal, bit for bit; buffers, named b1 and b2 by `emit`, only in layout."""
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        same_kind = a.shape == b.shape and a.dtype == b.dtype and a.strides == b.strides
        return same_kind and (name.startswith("b") or a.tobytes() == b.tobytes())  # a buffer holds anything
    return type(a) is type(b) and type(a) is not Tensor and bool(a == b)


def compile(  # noqa: A001  (as in PyTorch)
    step: Callable[..., Any], *, backend: str = "numpy", steps: int = 1
) -> Compiled:
    """A function that does what `step` does, recorded and run as straight-line NumPy.

    step: a function of arrays and Tensors, or a step of training that closes over a model and its
    optimizer.  It is recorded anew for each set of shapes and dtypes, in the first calls until two
    recordings agree; from then on it runs as a program: the NumPy calls that the forward pass, the
    backward pass and the update came down to, without those whose results nobody looks at, and in
    buffers that are used again.  `compiled.source` shows it.  The numbers are the same as the step's, bit for
    bit, but for the sign of a zero.

    backend: "numba" makes native code of small steps (the extra "numba"), whose sums are in another
    order and whose exponentials are another library's, so that a step differs in the last places.
    steps: how many steps a call makes, with the same arguments; it returns the result of the last one.

    What changes between calls is respected: arrays are read where they are, in every step; other values
    that the step closes over are looked at before a program runs, and numbers among them that change
    become part of it; a branch on a value is taken again only where the value decides so again; numbers
    are drawn from a `np.random.Generator` in every step.  A step that takes a number out of an array,
    `float(loss)`, or that cannot be followed for another reason, runs as it is, and a CompileWarning
    says why; `loss.item()` can be returned, compared and computed with.  Tensors are returned without
    their history.  Text that a step prints is printed while it is recorded only.

    Raises TypeError for what is not a function; ValueError for another backend, and fewer than one step;
    ImportError where Numba is asked for and not there.

    >>> import numpy as np
    >>> from autograd import Tensor, compile
    >>> w = Tensor([2.0, -3.0], requires_grad=True)
    >>> def step(x):
    ...     w.zero_grad()
    ...     (w * x).sum().backward()
    ...     w.data -= 0.1 * w.grad
    >>> compiled = compile(step)
    >>> for _ in range(4):
    ...     compiled(np.array([1.0, 5.0]))
    >>> w.data
    array([ 1.6, -5. ])
    """
    refuse_arguments(step, backend, steps)
    return Compiled(step, backend, steps)


def refuse_arguments(step: Any, backend: Any, steps: Any) -> None:
    """Raise the errors of `compile` for arguments that it does not take."""
    if not callable(step):
        raise TypeError(f"compile takes a function, and not {step!r:.60}")
    if backend not in ("numpy", "numba"):
        raise ValueError(f'compile: backend={backend!r} is neither "numpy" nor "numba"')
    if not isinstance(steps, int) or steps < 1:
        raise ValueError(f"compile: a call makes steps={steps!r}, which is to be 1 or more")
    if backend == "numba":
        numba()
