"""The pages of the reference: every public name, by the module that has it, from its docstring."""

import importlib
import inspect

from site_of.listings import put

MODULES = {  # what the page of a module is called
    "autograd": "Tensors, functions, pictures",
    "autograd.transforms": "Transformations of functions",
    "autograd.check": "Checks",
    "autograd.errors": "Errors",
    "nn": "Layers, losses, training",
    "nn.functional": "Functions of networks",
    "nn.init": "Initial values",
    "nn.data": "Data",
    "nn.optim": "Optimizers",
    "nn.optim.lr_scheduler": "Schedules of the learning rate",
    "nn.plots": "Plots",
}


def write(docs):
    """Write the pages."""
    for module in MODULES:
        if module != "autograd.errors":
            put(docs / f"made/reference/{module}.md", page(module))


def page(module):
    """The page of a module: its names in the order of the alphabet, classes with their methods."""
    held = importlib.import_module(module)
    parts = [f"# `{module}`", MODULES[module] + ".", "```{eval-rst}", f".. currentmodule:: {module}", ""]
    for name in sorted(held.__all__, key=lambda n: (n[0].islower(), n.lower())):
        value = getattr(held, name)
        if inspect.ismodule(value):
            continue
        kind = "autoclass" if inspect.isclass(value) else "autofunction" if callable(value) else "autodata"
        parts += [f".. {kind}:: {name}", *(["   :members:"] if kind == "autoclass" else []), ""]
    return "\n\n".join(parts[:2]) + "\n\n" + "\n".join(parts[2:]) + "```\n"
