"""What is right, from the plain program on plain arrays: its value, its gradient, its second derivative.

A program is a function of one array that returns an array, or a list of some.  `loss` makes one number of it
that depends on every element in its own way, and not linearly.  Gradients are complex steps: the program runs
on x + ih e_k, and Im(loss)/h is right to the last digit for whatever is analytic.
"""

import numpy as np

STEP = 1e-30


def copied(result):
    """`result` with no memory shared with anything: what it is now, whatever is written later."""
    if isinstance(result, list | tuple):
        return [copied(part) for part in result]
    return np.array(result)


def loss(result):
    """Σ over the parts and elements of c_k (r_k + r_k²/2), with c_k = 1, 1.1, 1.2, …"""
    parts = list(result) if isinstance(result, list | tuple) else [result]
    total = 0.0
    for place, part in enumerate(parts):
        c = (1 + place + 0.1 * np.arange(np.size(part))).reshape(np.shape(part))
        total = total + np.sum(c * (part + part * part / 2))
    return total


def gradient(program, x):
    """The gradient of `loss(program(x))`, by complex steps on plain arrays."""
    found = np.zeros(x.shape)
    for k in np.ndindex(x.shape):
        moved = x.astype(complex)
        moved[k] += 1j * STEP
        found[k] = np.imag(loss(program(moved))) / STEP
    return found


def gradient_of_real(program, x):
    """The same for what is not analytic, such as `np.real`: central differences, extrapolated once.

    The error is h⁴ times a fifth derivative: nothing, for a program of degree four; and rounding, 1e-12.
    """
    found = np.zeros(x.shape)
    for k in np.ndindex(x.shape):
        e = np.zeros(x.shape)
        e[k] = 1e-3
        wide, narrow = (loss(program(x + s * e)) - loss(program(x - s * e)) for s in (1, 0.5))
        found[k] = (4 * narrow / 1e-3 - wide / 2e-3) / 3
    return found


def second(program, x, direction, gradient=gradient):
    """The Hessian times `direction`: a central difference of the gradients.

    The truncation error is h² times a fifth-order term, and the rounding error 1e-16/h: 1e-10 at h = 1e-5.
    """
    h = 1e-5
    ahead, behind = gradient(program, x + h * direction), gradient(program, x - h * direction)
    return (ahead - behind) / (2 * h)
