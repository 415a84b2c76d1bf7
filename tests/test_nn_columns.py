"""The three products of a convolution, in every geometry, against loops and against each other."""

from itertools import product

import numpy as np
import pytest

import nn.functional as F  # noqa: N812  (PyTorch's customary name for it)
from nn.functional import columns

from . import cases_nn

GEOMETRIES = [
    {"stride": stride, "dilation": dilation, "padding": padding, "groups": groups}
    for stride, dilation, padding, groups in product((1, 2, 3), (1, 2, 3), (0, 1, 4), (1, 2))
]


def drawn(images, k, groups):
    rng = np.random.default_rng(0)
    return rng.normal(size=(images, 4, *(9, 7)[:k])), rng.normal(size=(6, 4 // groups, *(2, 3)[:k]))


def geometry(k, stride, dilation, padding, groups):
    """As the products take it; there is one more zero after each axis than before it."""
    each = {"stride": (stride,) * k, "dilation": (dilation,) * k, "padding": ((padding, padding + 1),) * k}
    return {**each, "groups": groups}


@pytest.fixture(params=[1, 2000])
def block(request, monkeypatch):
    """One image at a time, and a few."""
    monkeypatch.setattr(columns, "BLOCK", request.param)


@pytest.mark.parametrize("images", [0, 1, 5])
def test_a_convolution_is_what_loops_give(images, block):
    for options in GEOMETRIES:
        x, w = drawn(images, 2, options["groups"])
        given = geometry(2, **options)
        expected = cases_nn.conv2d(x, w, np.zeros(6), **options)
        m = expected.shape[2:]
        actual = columns.convolution(x, w, **given)[:, :, : m[0], : m[1]]
        scale = cases_nn.conv2d(abs(x), abs(w), np.zeros(6), **options)
        assert (abs(actual - expected) <= 12 * 2.0**-52 * scale).all(), options  # sums of at most 24 terms


@pytest.mark.parametrize("images", [0, 1, 5])
@pytest.mark.parametrize("k", [1, 2])
def test_the_other_two_are_its_adjoints(k, images, block):
    """<h, conv(x, w)> = <x, transposed(h, w)> = <w, correlation(x, h)>: the same terms, added otherwise."""
    for options in GEOMETRIES:
        (x, w), given = drawn(images, k, options["groups"]), geometry(k, **options)
        y = columns.convolution(x, w, **given)
        h = np.random.default_rng(1).normal(size=y.shape)
        back = columns.transposed_convolution(h, w, shape=x.shape[2:], **given)
        for_weight = columns.correlation(x, h, size=w.shape[2:], **given)
        scale = (columns.convolution(abs(x), abs(w), **given) * abs(h)).sum()
        values = np.array([(h * y).sum(), (x * back).sum(), (w * for_weight).sum()])
        assert np.ptp(values) <= 16 * 2.0**-52 * scale, options


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex128"])
def test_the_products_keep_the_dtype(dtype):
    x, w = (a.astype(dtype) for a in drawn(2, 2, 1))
    given = geometry(2, stride=1, dilation=1, padding=1, groups=1)
    y = columns.convolution(x, w, w[:, 0, 0, 0], **given)
    back = columns.transposed_convolution(y, w, shape=x.shape[2:], **given)
    assert {y.dtype, back.dtype, columns.correlation(x, y, size=(2, 3), **given).dtype} == {np.dtype(dtype)}


def test_pixels_do_not_wrap_around():
    x, w = np.full((1, 1, 3, 3), 200, np.uint8), np.ones((1, 1, 2, 2), np.uint8)
    np.testing.assert_array_equal(F.conv2d(x, w), np.full((1, 1, 2, 2), 800.0))
    np.testing.assert_array_equal(F.conv_transpose2d(x, w)[0, 0, 1, 1], 800.0)
    assert F.conv2d(x, w.astype(np.float32)).dtype == np.float32
