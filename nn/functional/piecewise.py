"""Elementwise activation functions that consist of simple pieces, mostly straight lines."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import op

__all__ = ["hardshrink", "hardsigmoid", "hardswish", "hardtanh", "relu6", "softshrink", "threshold"]


@op(rules=[lambda g, y, x, min_val=-1.0, max_val=1.0: g * ((x > min_val) & (x < max_val))])
def hardtanh(x: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """x between min_val and max_val, and the nearer bound elsewhere; its derivative at a bound is 0.

    Source: Collobert, Large Scale Machine Learning (2004), section 5.2.

    >>> hardtanh(np.array([-2.0, 0.5, 3.0]))
    array([-1. ,  0.5,  1. ])
    """
    return np.minimum(np.maximum(x, float(min_val)), float(max_val))


def relu6(x: Any) -> Any:
    """min(max(x, 0), 6), elementwise; its derivative at 0 and 6 is 0.

    Source: Howard et al., MobileNets (2017).

    >>> relu6(np.array([-2.0, 3.0, 8.0]))
    array([0., 3., 6.])
    """
    return hardtanh(x, 0.0, 6.0)


@op(rules=[lambda g, y, x: g * ((x > -3) & (x < 3)) / 6])
def hardsigmoid(x: Any) -> Any:
    """min(max(x + 3, 0), 6) / 6, elementwise; its derivative at -3 and 3 is 0.

    Source: Courbariaux, Bengio and David, BinaryConnect (2015), eq. 3, with another slope.

    >>> hardsigmoid(np.array([-4.0, 0.0, 4.0]))
    array([0. , 0.5, 1. ])
    """
    return np.minimum(np.maximum(x + 3, 0), 6) / 6


@op(rules=[lambda g, y, x: g * ((x >= 3) + (2 * x + 3) / 6 * ((x > -3) & (x < 3)))])
def hardswish(x: Any) -> Any:
    """x hardsigmoid(x), elementwise; its derivative at -3 is 0 and at 3 is 1.

    Source: Howard et al., Searching for MobileNetV3 (2019), section 5.2.

    >>> hardswish(np.array([-4.0, 1.0, 4.0])).round(4)
    array([-0.    ,  0.6667,  4.    ])
    """
    return x * (np.minimum(np.maximum(x + 3, 0), 6) / 6)


@op(rules=[lambda g, y, x, lambd=0.5: g * (abs(x) > lambd)])
def hardshrink(x: Any, lambd: float = 0.5) -> Any:
    """x where |x| > lambd, else 0; its derivative at either edge is 0.

    Source: Donoho and Johnstone, Ideal Spatial Adaptation by Wavelet Shrinkage (1994), eq. 12.

    >>> hardshrink(np.array([-2.0, 0.25, 3.0]))
    array([-2.,  0.,  3.])
    """
    return x * (abs(x) > lambd)


@op(rules=[lambda g, y, x, lambd=0.5: g * (abs(x) > lambd)])
def softshrink(x: Any, lambd: float = 0.5) -> Any:
    """sign(x) max(|x| - lambd, 0), elementwise; its derivative at either edge is 0.

    Source: Donoho and Johnstone, Ideal Spatial Adaptation by Wavelet Shrinkage (1994), eq. 12.

    >>> softshrink(np.array([-2.0, 0.25, 3.0]))
    array([-1.5,  0. ,  2.5])
    """
    return np.sign(x) * np.maximum(abs(x) - lambd, 0)


@op(rules=[lambda g, y, x, threshold=0.0, value=0.0: g * (x > threshold)])
def threshold(x: Any, threshold: float, value: float) -> Any:
    """x where x > threshold, else value; its derivative at the threshold is 0.

    >>> threshold(np.array([-2.0, 3.0]), 1.0, 20.0)
    array([20.,  3.])
    """
    return np.where(x <= threshold, float(value), x)
