"""NumPy's functions that write into an array, as the assignments to a Tensor that they are.

NumPy itself says which value goes where: it writes their numbers into an array of numbers.  So repeated and
clipped indices, masks and errors are its own; the assignment is recorded, and views of the Tensor know of it.
"""

from typing import Any

import numpy as np

from ..errors import NoRuleError
from ..ops import Function, compose, row
from ..record import plain
from ..refusals import full_name
from ..tensor import Tensor

# Of each function the names of the array that it writes to, and of the values, with their place
PARAMETERS: dict[Function, tuple[str, str, int]] = {
    np.copyto: ("dst", "src", 1),
    np.fill_diagonal: ("a", "val", 1),
    np.place: ("arr", "vals", 2),
    np.put: ("a", "v", 2),
    np.putmask: ("a", "values", 2),
    np.put_along_axis: ("arr", "values", 2),
}


def writer(function: Function, first: str, name: str, place: int) -> Function:
    """To a Tensor the values are assigned that NumPy would write.

    Into an array NumPy writes itself; it raises NoRuleError if a Tensor would leave its history behind.
    """

    def write(*args: Any, **kwargs: Any) -> None:
        given: list[Any] = [kwargs.pop(first), *args] if first in kwargs else list(args)
        target = given.pop(0)
        values: Any = None
        if type(target) is Tensor:
            held: Any = kwargs if name in kwargs else given
            key: Any = name if name in kwargs else place - 1
            values = held[key]
            held[key] = np.arange(np.size(values)).reshape(np.shape(values))
        try:
            given, kwargs = plain(row(function), given), plain(row(function), kwargs)
        except NoRuleError:
            raise NoRuleError(
                f"{full_name(function)} would write a Tensor into an array, which leaves its history "
                "behind: make the array a tensor, t = Tensor(array), and use t[index] = values; for "
                "np.full_like(a, t) there is np.broadcast_to(t, a.shape)"
            ) from None
        if type(target) is not Tensor:
            function(target, *given, **kwargs)
            return
        taken = np.full(target.shape, -1)
        function(taken, *given, **kwargs)
        where = taken >= 0
        if where.any():
            target[where] = np.ravel(values)[taken[where]]

    return write


for function, parameters in PARAMETERS.items():
    compose(function)(writer(function, *parameters))
