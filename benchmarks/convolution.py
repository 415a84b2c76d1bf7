"""A convolution, forward and backward, against PyTorch: `pip install torch` first.

Both use as many threads as OPENBLAS_NUM_THREADS says; two if it is not set.
"""

from __future__ import annotations

import os

import numpy as np
import torch
from timing import compare_large

import nn.functional as F  # noqa: N812  (its customary name)
from autograd import Tensor, compile

THREADS = int(os.environ.get("OPENBLAS_NUM_THREADS", "2"))
CASES = {  # the shapes of the images and of the weight
    "32x1x28x28, 8 filters of 3x3": ((32, 1, 28, 28), (8, 1, 3, 3)),
    "16x16x32x32, 32 filters of 3x3": ((16, 16, 32, 32), (32, 16, 3, 3)),
}


def drawn(images, weight, padding):
    rng = np.random.default_rng(0)
    out = images[0], weight[0], images[2] - 2 + 2 * padding, images[3] - 2 + 2 * padding
    return [rng.normal(size=shape).astype(np.float32) for shape in (images, weight, weight[:1], out)]


def with_torch(images, weight, padding):
    x, w, b, g = map(torch.tensor, drawn(images, weight, padding))
    leaves = [t.requires_grad_() for t in (x, w, b)]

    def step():
        for t in leaves:
            t.grad = None
        y = torch.nn.functional.conv2d(x, w, b, padding=padding)
        y.backward(g)
        return [t.detach().numpy() for t in (y, *(t.grad for t in leaves))]

    return step


def with_nn(images, weight, padding):
    *arrays, g = drawn(images, weight, padding)
    x, w, b = leaves = [Tensor(a, requires_grad=True) for a in arrays]

    def step():
        for t in leaves:
            t.grad = None
        y = F.conv2d(x, w, b, padding=padding)
        y.backward(g)
        return [y.data, *(t.grad for t in leaves)]

    return step


if __name__ == "__main__":
    torch.set_num_threads(THREADS)
    for name, (images, weight) in CASES.items():
        one, other = with_torch(images, weight, 0), with_nn(images, weight, 0)
        program = compile(with_nn(images, weight, 0))
        for _ in range(4):
            for expected, actual, same in zip(one(), other(), program(), strict=True):
                np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-3)
                np.testing.assert_array_equal(actual, same)
        assert not program.reason, program.reason
        print(f"\n{name}, float32\n")
        compare_large({f"PyTorch, threads: {THREADS}": one, "nn": other, "nn, compiled": program})
