"""From a plan to the source of a function in a straight line, and to the function."""

from __future__ import annotations

import keyword
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ...tensor import Tensor
from ..planning import Plan, exp_quietly
from ..program import CONSTANT, FIXED, Call, Guard, Program, Value, mapped
from ..recording.tape import filled


def constant(array: Any) -> Tensor:
    """A tensor without a history."""
    return Tensor.of(array, None)


MISS = object()  # what a program returns when the conditions that it was recorded under do not hold

INFIX = {
    operator.add: "+",
    operator.sub: "-",
    operator.mul: "*",
    operator.truediv: "/",
    operator.pow: "**",
    operator.floordiv: "//",
    operator.mod: "%",
    operator.lt: "<",
    operator.le: "<=",
    operator.gt: ">",
    operator.ge: ">=",
    operator.eq: "==",
    operator.ne: "!=",
}


class Emitter:
    """The lines of a program, and the objects and values that the names in them stand for."""

    def __init__(self, program: Program, plan: Plan) -> None:
        self.program, self.plan = program, plan
        self.space: dict[str, Any] = dict(program.names) | {"MISS": MISS}
        self.names: dict[Value, str] = {}
        self.static: dict[Value, Any] = dict(plan.memory)
        self.lines: list[str] = []
        self.objects: dict[int, str] = {id(value): name for name, value in self.space.items()}
        self.counts: dict[str, int] = {}
        self.single: dict[Any, Value] = {}
        self.errors: dict[str, Any] | None = None
        self.drawn: dict[str, str] = {}

    def head(self) -> None:
        """Write the conditions under which the program can be used."""
        checks = dict.fromkeys(check.source for check in self.program.checks)
        self.lines.append("def run(args, kwargs):")
        self.line("try:")
        self.line("    if not (" + "\n            and ".join(checks) + "):")
        self.line("        return MISS")
        self.line("except (LookupError, AttributeError, TypeError):")
        self.line("    return MISS")
        self.lines.append("")

    def source(self) -> str:
        """The source of the program; the objects that its names stand for are in `space`."""
        self.still()
        self.head()
        if self.plan.sources:
            self.line(f"if {self.bytes_of_sources()} != seen:")
            self.line("    if not look(): return MISS")
        for step in self.plan.steps:
            self.quiet(step.errors if isinstance(step, Call) else None)
            self.guard(step) if isinstance(step, Guard) else self.call(step)
        self.quiet(None)
        for effect in self.plan.writes:
            if effect.value not in self.plan.into:
                copyto = self.object(np.copyto, "copyto")
                self.line(f"{copyto}({self.operand(effect.array)}, {self.operand(effect.value)})")
        self.tail()
        return "\n".join(self.lines) + "\n"

    def still(self) -> None:
        """Write a function `look` for what is done again only if some arrays have changed."""
        if self.plan.sources:
            self.space["seen"] = None
            for step in self.plan.still:
                if isinstance(step, Guard):
                    self.line(f"if {'not ' * step.outcome}{self.operand(step.value)}: return False")
                else:
                    self.call(step)
            self.line(f"seen = {self.bytes_of_sources()}")
            self.line("return True")
            names = [
                self.names[s.result] for s in self.plan.still if type(s) is Call and s.result in self.names
            ]
            names = [name for name in dict.fromkeys(names) if name.startswith("v")]
            self.lines[:0] = ["def look():", f"    global {', '.join(['seen', *names])}"]
            self.lines.append("")

    def bytes_of_sources(self) -> str:
        """The source of the bytes of the small arrays on which `look` depends, which tell of a change."""
        parts = [f"{self.operand(source)}.tobytes()" for source in self.plan.sources]
        return parts[0] if len(parts) == 1 else f"({', '.join(parts)})"

    def tail(self) -> None:
        """Write what is left behind, and what is returned."""
        owned: set[Value] = set()
        moved = [effect for effect in self.plan.effects if effect.target.endswith(".updated")]
        if moved:
            self.line(" = ".join([effect.target for effect in moved] + [moved[0].value]))
        for effect in self.plan.effects:
            if effect in moved:
                continue
            value = self.kept(effect.value, owned)
            self.line(
                f"{effect.target}({value})"
                if effect.target.endswith(".append")
                else f"{effect.target} = {value}"
            )
        self.line(f"return {self.kept(self.plan.result, owned)}")

    def line(self, text: str) -> None:
        """Add a line at the depth of the function's body, or of the errstate block that is open in it."""
        self.lines.append("    " * (2 if self.errors else 1) + text)

    def quiet(self, errors: dict[str, Any] | None) -> None:
        """Begin, or end, a block in which floating-point errors are treated in another way."""
        if errors != self.errors:
            self.errors = None
            if errors:
                options = ", ".join(f"{name}={value!r}" for name, value in errors.items())
                self.line(f"with {self.object(np.errstate, 'errstate')}({options}):")
            self.errors = errors

    def guard(self, guard: Guard) -> None:
        """Write a return, as if nothing had been drawn, for the case that a value decides otherwise."""
        back = "".join(
            f"{generator}.bit_generator.state = {state}; " for generator, state in self.drawn.items()
        )
        self.line(f"if {'not ' * guard.outcome}{self.operand(guard.value)}: {back}return MISS")

    def remember(self, call: Call) -> None:
        """Write a line that keeps the state of a generator, if a later guard may have to put it back."""
        generator = self.operand(call.args[0])
        later = self.plan.steps[self.plan.steps.index(call) :]
        if generator not in self.drawn and any(isinstance(step, Guard) for step in later):
            self.drawn[generator] = self.fresh("state")
            self.line(f"{self.drawn[generator]} = {generator}.bit_generator.state")

    def call(self, call: Call) -> None:
        """Write a call, into the plan's memory if there is some for the result; views of it are taken now."""
        value = call.result
        if not call.pure:
            self.remember(call)
        if value.base is not None and all(v in self.static or self.fixed(v) for v in call.operands()):
            self.static[value] = call.function(*self.arrays(call.args), **self.arrays(call.kwargs))
            return
        if value in self.plan.into:
            self.line(self.expression(call, self.operand(self.plan.into[value])))
        elif value in self.plan.memory:
            self.line(self.expression(call, self.operand(value)))
        else:
            self.names[value] = self.fresh("v")
            self.line(f"{self.names[value]} = {self.expression(call)}")

    def fixed(self, value: Value) -> bool:
        """Whether a value that is there before is the same array in every step."""
        if value.made is None and value.load in (FIXED, CONSTANT) and value not in self.static:
            self.static[value] = value.data
        return value in self.static

    def arrays(self, tree: Any) -> Any:
        """Nested arguments with arrays in the place of values, to take a view while the source is written."""
        return mapped(tree, lambda leaf: self.static[leaf] if type(leaf) is Value else leaf)

    def expression(self, call: Call, out: str = "") -> str:
        """A call as source; `out` is where its result goes."""
        function, args = call.function, [self.text(a) for a in self.lowered(call)]
        if function is np.dot and all(type(a) is Value and type(a.data) is np.ndarray for a in call.args):
            function = np.ndarray.dot  # the same, found sooner
        options = [f"{name}={self.text(value)}" for name, value in call.kwargs.items()]
        if function in INFIX and not out:
            return f"{args[0]} {INFIX[function]} {args[1]}"
        if function is operator.getitem:
            return f"{args[0]}[{args[1]}]"
        if function is filled and out:
            return f"{out}[...] = {args[0]}"
        if out:
            positional = isinstance(function, np.ufunc) and function not in (np.maximum, np.minimum)
            if positional or function in (np.ndarray.dot, np.dot, exp_quietly):
                args.append(out)
            else:
                options.append(f"out={out}")
        if getattr(np.ndarray, getattr(function, "__name__", ""), None) is function:
            return f"{args[0]}.{function.__name__}({', '.join([*args[1:], *options])})"
        if getattr(np.random.Generator, getattr(function, "__name__", ""), None) is function:
            return f"{args[0]}.{function.__name__}({', '.join([*args[1:], *options])})"
        if takes_memory(function):
            options.append(f"memory={self.object({}, 'memory')}")
        return f"{self.object(function, function.__name__)}({', '.join([*args, *options])})"

    def lowered(self, call: Call) -> tuple[Any, ...]:
        """The arguments, with numbers beside arrays of one dtype as arrays, which ufuncs take sooner."""
        if not isinstance(call.function, np.ufunc) or call.kwargs:
            return call.args
        dtypes = {v.data.dtype for v in call.operands() if isinstance(v.data, np.ndarray | np.generic)}
        if len(dtypes) != 1 or (dtype := dtypes.pop()).kind != "f":
            return call.args
        return tuple(self.plainest(a, dtype, np.ndim(call.result.data)) for a in call.args)

    def plainest(self, a: Any, dtype: Any, ndim: int) -> Any:
        """An operand in the form that a ufunc is quickest with: a number as an array without axes."""
        if type(a) in (int, float) or (isinstance(a, np.generic) and a.dtype == dtype):
            return self.number(a, dtype)
        if type(a) is Value and np.size(a.data) == 1 and 0 < np.ndim(a.data) <= ndim and self.fixed(a):
            return self.number(self.static[a].reshape(()), dtype) if a.data.shape != (1,) * ndim else a
        return a

    def number(self, value: Any, dtype: Any) -> Value:
        """A number as an array; an array without axes is the memory of a parameter, and stays what it is."""
        key = id(value) if isinstance(value, np.ndarray) else f"{value!r} {dtype}"
        if key not in self.single:
            self.single[key] = Value(np.asarray(value, dtype))
        return self.single[key]

    def operand(self, value: Any) -> str:
        """The name of a value, or the source of a constant; what is there before is read at its first use."""
        if type(value) is not Value:
            return self.text(value)
        if value in self.names:
            return self.names[value]
        if self.fixed(value):
            self.names[value] = self.object(self.static[value], "a" if value.made is None else "b")
        elif value.made is None:
            self.names[value] = self.fresh("v")
            self.line(f"{self.names[value]} = {value.load}")
        return self.names[value]

    def text(self, tree: Any) -> str:
        """The source of an argument."""
        if type(tree) is Value:
            return self.operand(tree)
        if type(tree) is tuple:
            return f"({''.join(self.text(part) + ', ' for part in tree)})"
        if type(tree) is list:
            return f"[{', '.join(map(self.text, tree))}]"
        if type(tree) is dict:
            return "{" + ", ".join(f"{key!r}: {self.text(part)}" for key, part in tree.items()) + "}"
        if type(tree) is slice:
            return f"slice({', '.join(map(self.text, (tree.start, tree.stop, tree.step)))})"
        if (
            tree is None
            or tree is Ellipsis
            or (isinstance(tree, bool | int | str) and type(tree) in (bool, int, str))
        ):
            return repr(tree)
        if type(tree) is float and np.isfinite(tree):
            return repr(tree)
        return self.object(tree, getattr(tree, "__name__", "k"))

    def kept(self, tree: Any, owned: set[Value]) -> str:
        """The source of what outlives the step."""
        if type(tree) is tuple and len(tree) == 2 and tree[0] == "tensor":
            return f"{self.object(constant, 'constant')}({self.kept(tree[1], owned)})"
        if type(tree) is tuple:
            return f"({''.join(self.kept(part, owned) + ', ' for part in tree)})"
        if isinstance(tree, tuple):
            kind = self.object(type(tree), type(tree).__name__)
            return f"{kind}({', '.join(self.kept(part, owned) for part in tree)})"
        if type(tree) is list:
            return f"[{', '.join(self.kept(part, owned) for part in tree)}]"
        if type(tree) is dict:
            return "{" + ", ".join(f"{self.text(k)}: {self.kept(v, owned)}" for k, v in tree.items()) + "}"
        return self.text(tree)

    def object(self, value: Any, prefix: str) -> str:
        """The name of an object in the function's globals."""
        if id(value) not in self.objects:
            plain = prefix.isidentifier() and not keyword.iskeyword(prefix)
            name = (
                prefix
                if plain and len(prefix) > 1 and prefix not in self.space
                else self.fresh(prefix if plain else "f")
            )
            self.space[name] = value
            self.objects[id(value)] = name
        return self.objects[id(value)]

    def fresh(self, prefix: str) -> str:
        """A name that nothing has yet: the prefix, and the next number."""
        while True:
            self.counts[prefix] = number = self.counts.get(prefix, 0) + 1
            if f"{prefix}{number}" not in self.space:
                return f"{prefix}{number}"


def takes_memory(function: Callable[..., Any]) -> bool:
    """Whether a function asks for a dict in which it keeps its working arrays from step to step."""
    code = getattr(function, "__code__", None)
    return code is not None and "memory" in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def emit(program: Program, plan: Plan) -> tuple[str, Callable[..., Any]]:
    """The source of a program, and its function."""
    emitter = Emitter(program, plan)
    source = emitter.source()
    exec(compile(source, "<compiled step>", "exec"), emitter.space)
    return source, emitter.space["run"]
