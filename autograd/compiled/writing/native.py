"""A program around a kernel: it sets up the kernel's memory, runs it, and leaves behind what it made."""

from __future__ import annotations

import functools
import re
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..planning import Plan
from ..program import CONSTANT, FIXED, Program, Value, values_in
from .kernel import Kernel, NotNative, address, scalar
from .straight import Emitter

__all__ = ["NotNative", "Partial", "emit_native", "numba"]


class Native(Emitter):
    """The program around a kernel: it says where everything is, runs the kernel, and leaves the results.

    numbers  the values that are numbers and go in or out, each with its place in an array of numbers
    outputs  the values of the last step that are copied to where they outlive the call, each with the place:
             an array in `arrays_out`, or a number.  An array that someone has kept is replaced by a new one
    """

    def __init__(self, program: Program, plan: Plan, steps: int) -> None:
        super().__init__(program, plan)
        self.kernel, self.steps = Kernel(plan), steps
        self.numbers: dict[Value, int] = {}
        self.outputs: dict[Value, int] = {}
        self.arrays_out: list[Any] = []

    def source(self) -> str:
        """The source of the program; afterwards the source of its kernel is in `native_source`."""
        kernel, plan = self.kernel, self.plan
        stored = {e.target: e.value for e in plan.effects if type(e.value) is Value}
        loads = [v for v in self.inputs() if v.load not in (FIXED, CONSTANT)]
        self.state = {v: stored[v.load] for v in loads if v.load in stored}
        for value in loads:
            if not isinstance(value.data, np.ndarray):
                kernel.locals[value] = f"q{self.numbers.setdefault(value, len(self.numbers))}"
                kernel.line(2, f"{kernel.locals[value]} = numbers[{self.numbers[value]}]")
        kernel.steps([*plan.still, *plan.steps])
        for effect in plan.writes:
            kernel.copy(effect.array, effect.value)  # type: ignore[arg-type]
        for value, new in self.state.items():
            if isinstance(value.data, np.ndarray):
                kernel.copy(value, new)
            else:
                kernel.line(2, f"numbers[{self.numbers[value]}] = {kernel.at(new, [])}")
        kernel.line(2, "if last and k == steps - 1:")
        for value in values_in([plan.result, *(e.value for e in plan.effects if e.target)]):
            if value not in self.state.values() and value.made and value not in self.outputs:
                self.output(value)
        kernel.line(3, "pass")
        return self.assembled([v for v in loads if isinstance(v.data, np.ndarray)])

    def inputs(self) -> list[Value]:
        """The values that are there before, each once, in the order of their first use."""
        plan = self.plan
        used = [v for step in (*plan.still, *plan.steps) for v in step.operands()]
        used += [effect.array for effect in plan.writes if effect.array]
        used += values_in([plan.result, *(e.value for e in plan.effects)])
        return [v for v in dict.fromkeys(used) if v.made is None]

    def output(self, value: Value) -> None:
        """Copy a value of the last step to where it outlives the call."""
        if isinstance(value.data, np.ndarray) and value.data.ndim:
            out = Value(np.empty_like(value.data))
            self.outputs[value] = len(self.arrays_out)
            self.arrays_out.append(out)
            self.kernel.copy(out, value, depth=3)
        else:
            self.outputs[value] = self.numbers[value] = len(self.numbers)
            self.kernel.line(3, f"numbers[{self.numbers[value]}] = {self.kernel.at(value, [])}")

    def assembled(self, loads: list[Value]) -> str:
        """The source of the program around a kernel that has been written, with the kernel in its space."""
        table, numbers = np.zeros(len(self.kernel.roots) + 1, np.int64), np.zeros(len(self.numbers) + 1)
        table[-1] = address(numbers)
        scratch = self.addressed(table)
        self.native_source = self.kernel_source(table, numbers)
        space = self.space | {"table": table, "numbers": numbers, "scratch": scratch, "refs": sys.getrefcount}
        self.space = space | {"repeat": repeat, "Partial": Partial, "address": address}
        self.space["kernel"] = jitted(self.native_source, self.steps > 1)
        self.head()
        self.load(loads)
        self.renew()
        self.one() if self.steps == 1 else self.many()
        return "\n".join(self.lines) + "\n"

    def addressed(self, table: Any) -> list[Any]:
        """The memory whose addresses it puts into the table, all but what is loaded in each call."""
        scratch = []
        for root, slot in self.kernel.roots.items():
            if root.made is not None or root.load in (FIXED, CONSTANT):
                scratch.append(root.data if root.made is None else np.empty_like(root.data))
                table[slot] = address(scratch[-1])
        return scratch

    def kernel_source(self, table: Any, numbers: Any) -> str:
        """The source for `jitted`: a function that finds memory by its address, and loops over steps."""
        head = [
            f"def kernel({'steps, last' if self.steps > 1 else ''}):",
            f"    table = array({address(table)}, {len(table)}, np.int64)",
            f"    numbers = array({address(numbers)}, {len(numbers)}, np.float64)",
        ]
        if self.steps == 1:
            head.append("    steps, last = 1, True")
        for root, slot in self.kernel.roots.items():
            size, kind = max(root.data.size, 1), scalar(root.data.dtype)
            head.append(f"    r{slot} = array(table[{slot}], {size}, {kind})")
        return "\n".join([*head, "    for k in range(steps):", *self.kernel.lines, "    return steps", ""])

    def load(self, loads: list[Value]) -> None:
        """Write the lines that load what may be another array or number in each call."""
        for value in loads:
            name = self.names[value] = self.fresh("v")
            self.line(f"{name} = {value.load}{'.copy()' if value in self.state else ''}")
            self.line(f"table[{self.kernel.slot(value)}] = address({name})")
        for value, number in self.numbers.items():
            if value.made is None:
                self.line(f"numbers[{number}] = {value.load}")

    def one(self) -> None:
        """Write the end of a program that makes one step in a call."""
        self.line("if not kernel(): return MISS")
        self.tail()

    def many(self) -> None:
        """Write the end of a program of many steps, which leaves what it has done if it stops between two.

        Then there is no result, and of the effects only the state that goes from step to step.
        """
        self.lines[0] = "def run(args, kwargs, steps):"
        self.line("done, interrupted = repeat(kernel, steps)")
        self.line("if not (done or interrupted): return MISS")
        self.line("if done < steps:")
        effects, result, before = self.plan.effects, self.plan.result, len(self.lines)
        self.plan.effects = [
            e for e in effects if e.target.endswith(".updated") or e.value in self.state.values()
        ]
        self.plan.result = None
        self.tail()
        self.lines[before:] = ["    " + line for line in self.lines[before:]]
        self.lines[-1] = "        return Partial(done, interrupted)"
        self.plan.effects, self.plan.result = effects, result
        self.tail()

    def renew(self) -> None:
        """Write the line that makes new output arrays if somebody has kept the ones of the call before."""
        targets = {e.value: e.target for e in self.plan.effects if type(e.value) is Value}
        slots: dict[str, int] = {}
        free: dict[str, int] = {}
        for value, i in self.outputs.items():
            if value not in self.numbers:
                out = self.arrays_out[i]
                name = self.names[value] = self.fresh("g")
                self.space[name], slots[name] = np.empty_like(out.data), self.kernel.roots[out]
                self.space["table"][slots[name]] = address(self.space[name])
                free[name] = 2 + (value in targets)
        if slots:
            space, table = self.space, self.space["table"]

            def renew() -> None:
                """Put new arrays in the place of all outputs, and their addresses into the table."""
                for name, slot in slots.items():
                    space[name] = np.empty_like(space[name])
                    table[slot] = address(space[name])

            self.space["renew"] = renew
            kept = " or ".join(f"refs({name}) > {n}" for name, n in free.items())
            self.line(f"if {kept}: renew()")

    def kept(self, tree: Any, owned: set[Value]) -> str:
        """The source of what outlives the step; the second time that a value is kept, it is a copy."""
        if type(tree) is not Value or (tree.made is None and tree not in self.state.values()):
            return super().kept(tree, owned)
        for value, new in self.state.items():
            if new is tree:
                number = (
                    f"{type(value.data).__name__}(numbers[{self.numbers[value]}])"
                    if value in self.numbers
                    else ""
                )
                again = ".copy()" if tree in owned and not number else ""
                owned.add(tree)
                return number or self.names[value] + again
        if tree in self.numbers:
            return f"{self.object(type(tree.data), type(tree.data).__name__)}(numbers[{self.numbers[tree]}])"
        again = ".copy()" if tree in owned else ""
        owned.add(tree)
        return self.names[tree] + again


class Partial(NamedTuple):
    """What a program returns that made only some of many steps: one decided otherwise, or Ctrl-C came."""

    done: int
    interrupted: bool


def repeat(kernel: Callable[..., int], steps: int) -> tuple[int, bool]:
    """The number of steps made, in chunks that take a moment, and whether Ctrl-C came between two."""
    done, chunk = 0, 1
    try:
        while done < steps:
            began, wanted = time.perf_counter(), min(chunk, steps - done)
            made = kernel(wanted, done + wanted == steps)
            done += made
            if made < wanted:
                break
            if time.perf_counter() - began < 0.02:
                chunk *= 8
    except KeyboardInterrupt:
        return done, True
    return done, False


@functools.cache
def numba() -> Any:
    """Numba, and the function that makes a pointer from an address.  Raises ImportError without Numba."""
    try:
        import numba
        from numba.core import cgutils, types
        from numba.extending import intrinsic
    except ImportError:
        raise ImportError(
            "compile(..., backend='numba') needs Numba, which is an extra: pip install '.[numba]'"
        ) from None

    @intrinsic  # type: ignore[untyped-decorator]
    def pointer(context: Any, number: Any) -> Any:
        """A number as a pointer, in code that Numba compiles."""

        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.inttoptr(args[0], cgutils.voidptr_t)

        return types.voidptr(number), build

    return numba, pointer


def jitted(source: str, many: bool) -> Any:
    """The native code of a kernel."""
    numba_, pointer = numba()
    space: dict[str, Any] = {"np": np, "carray": numba_.carray, "pointer": pointer}
    source = re.sub(r"= array\((.+), (\d+), ([\w.]+)\)", r"= carray(pointer(\1), (\2,), \3)", source)
    exec(compile(source, "<kernel>", "exec"), space)
    signature = numba_.int64(numba_.int64, numba_.boolean) if many else numba_.int64()
    return numba_.njit(signature, error_model="numpy")(space["kernel"])


def emit_native(program: Program, plan: Plan, steps: int) -> tuple[str, Callable[..., Any]]:
    """The source of a program whose steps are native code, and its function.

    Raises NotNative if there are no loops for one of them; ImportError without Numba.
    """
    native = Native(program, plan, steps)
    source = native.source()
    exec(compile(source, "<compiled step>", "exec"), native.space)
    return native.native_source + "\n" + source, native.space["run"]
