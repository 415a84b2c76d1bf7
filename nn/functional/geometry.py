"""The options of convolutions and pooling, checked and expanded to one number for each axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.errors import ShapeError

from ..errors import ArgumentError

__all__ = ["PLACES", "Pairs", "around", "check", "numbers", "padding_pairs"]

Pairs = Sequence[tuple[int, int]]  # the padding before and after each axis


def numbers(name: str, what: str, value: Any, k: int, least: int) -> tuple[int, ...]:
    """An option that is one number, or one for each of k axes, as k numbers."""
    given = (value,) * k if isinstance(value, int | np.integer) else tuple(value)
    if len(given) != k or any(not isinstance(v, int | np.integer) or v < least for v in given):
        raise ArgumentError(
            f"{name}: {what}={value!r} is not an integer, or one for each of {k} axes, of at least {least}"
        )
    return tuple(map(int, given))


def padding_pairs(name: str, padding: Any, size: Any, stride: Any, dilation: Any) -> Pairs:
    """The numbers of zeros before and after each axis."""
    if padding == "valid":
        return tuple((0, 0) for _ in size)
    if padding == "same":
        if max(stride) > 1:
            raise ArgumentError(f'{name}: padding="same" with stride={stride} would not keep the size')
        total = [d * (m - 1) for d, m in zip(dilation, size, strict=True)]
        return tuple((t // 2, t - t // 2) for t in total)
    if isinstance(padding, str):
        raise ArgumentError(f'{name}: padding={padding!r} is neither numbers nor "valid" nor "same"')
    return tuple((p, p) for p in numbers(name, "padding", padding, len(size), 0))


def check(
    name: str, x: Any, weight: Any, bias: Any, k: int, groups: int, channels: int, filters: int
) -> None:
    """Raise unless the arguments fit: x with these channels, and a bias with these filters."""
    if groups < 1 or len(weight) % groups:
        raise ArgumentError(f"{name}: groups={groups} does not divide a weight of shape {weight.shape}")
    if x.ndim != k + 2 or weight.ndim != k + 2 or x.shape[1] != channels:
        places, remedy = PLACES[k]
        raise ShapeError(
            f"{name} expects x of shape (n, {channels}, {places}) for a weight of shape {weight.shape} and "
            f"groups={groups}, and x has shape {x.shape}; if its channels come last, {remedy} brings them "
            "before the places"
        )
    if bias is not None and bias.shape != (filters,):
        raise ShapeError(f"{name} takes a bias of shape ({filters},) with this weight, not {bias.shape}")


PLACES = {1: ("length", "x.swapaxes(1, 2)"), 2: ("height, width", "x.transpose(0, 3, 1, 2)")}


def around(n: Sequence[int], padding: Pairs) -> tuple[int, ...]:
    """The lengths of the axes with their padding."""
    return tuple(a + before + after for a, (before, after) in zip(n, padding, strict=True))
