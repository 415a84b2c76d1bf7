"""Writing through views: a program gives the numbers on Tensors that it gives on arrays, and the gradient."""

import numpy as np
import pytest

from autograd import Tensor, no_grad
from autograd.errors import DTypeError, NoRuleError
from autograd.rules.versions import VERSION
from autograd.transforms import grad, hvp

from . import oracle

X = np.array([[1.5, -2.0, 3.0], [0.5, 4.0, -1.0], [2.5, 0.25, -0.75]])

PROGRAMS = {}


def program(f):
    assert f.__name__ not in PROGRAMS
    PROGRAMS[f.__name__] = f
    return f


# The examples of the kind.


@program
def item_of_a_row(m):
    m[0][1] = 0
    return m


@program
def rows_scaled_in_a_loop(m):
    for row in m:
        row *= 2
    return m


@program
def column_scaled(m):
    col = m[:, 0]
    col *= 3
    return m


@program
def row_of_the_transpose(m):
    m.T[0] = 0
    return m


@program
def item_of_the_flat_shape(m):
    m.reshape(-1)[0] = 0
    return m


@program
def real_part_of_a_real_one(m):
    m.real[0] = 5 * m[1]
    return m


@program
def flatten_copies(m):
    flat = m.flatten()
    flat[0] = 0
    return [m, flat]


# Every other way to a view.


@program
def ravel_is_a_view(m):
    m.ravel()[1] = 7
    return m


@program
def ravel_of_the_transpose_copies(m):
    flat = m.T.ravel()
    flat[1] = 7
    return [m, flat]


@program
def np_ravel(m):
    np.ravel(m)[4] *= 2
    return m


@program
def np_reshape(m):
    np.reshape(m, (1, 9))[0, 2:5] = 1
    return m


@program
def np_transpose(m):
    np.transpose(m)[0, 1] = 9
    return m


@program
def swapaxes(m):
    m.swapaxes(0, 1)[2] -= m[0]
    return m


@program
def np_moveaxis(m):
    np.moveaxis(m, 0, 1)[1] *= m[0]
    return m


@program
def expand_dims(m):
    np.expand_dims(m, 1)[0, 0, 2] = 4
    return m


@program
def newaxis_in_front(m):
    m[np.newaxis][0, 1] = 0
    return m


@program
def none_behind(m):
    m[..., None][2, :, 0] *= 3
    return m


@program
def squeezed(m):
    np.squeeze(m[:1])[0] = 8
    return m


@program
def squeeze_method(m):
    row = m[1:2].squeeze()
    row /= 2
    return m


@program
def ellipsis_alone(m):
    v = m[...]
    v *= v
    return m


@program
def ellipsis_and_index(m):
    v = m[..., 1]
    v += 1
    return m


@program
def colon(m):
    m[:][0] = 1
    return m


@program
def step_slice(m):
    v = m[::2]
    v *= 10
    return m


@program
def negative_step(m):
    v = m[::-1]
    v[0] = m[0] * 2
    return m


@program
def both_reversed(m):
    v = m[::-1, ::-1]
    v[0, 0:2] = 5
    return m


@program
def negative_step_stopping(m):
    v = m[2:0:-1, 1]
    v *= 2
    return m


@program
def np_flip(m):
    np.flip(m, 1)[:, 0] = 0
    return m


@program
def np_flipud(m):
    np.flipud(m)[0] *= 2
    return m


@program
def np_fliplr(m):
    np.fliplr(m)[0] *= 2
    return m


@program
def np_rot90(m):
    np.rot90(m)[0] = 0
    return m


@program
def np_split(m):
    top, bottom = np.split(m, [1])
    top *= 3
    bottom[0] = top[0]
    return m


@program
def hsplit(m):
    a, b, c = np.hsplit(m, 3)
    a *= 3
    b += c
    return m


@program
def vsplit(m):
    for k, part in enumerate(np.vsplit(m, 3)):
        part *= k
    return m


@program
def array_split(m):
    first, last = np.array_split(m, 2)
    first[1] *= last[0]
    return m


@program
def atleast_3d(m):
    np.atleast_3d(m)[0, 0, 0] = 3
    return m


@program
def atleast_2d_of_the_same(m):
    np.atleast_2d(m)[0, 0] = 3
    return m


@program
def matrix_transposed(m):
    m.mT[0] = m[1]
    return m


@program
def unpacked(m):
    a, b, c = m
    a += b
    b *= c
    return m


@program
def starred(m):
    first, *rest = m
    rest[1][0] = 11
    first[0] = rest[0][1]
    return m


@program
def enumerated(m):
    for i, row in enumerate(m):
        row[i] = 0
    return m


@program
def zipped(m):
    for row, col in zip(m, m.T, strict=True):
        row += col
    return m


@program
def reversed_rows(m):
    for k, row in enumerate(reversed(m)):
        row *= k + 1
    return m


@program
def listed(m):
    rows = list(m)
    rows[1] *= 2
    rows[2][:] = rows[0]
    return m


@program
def nested_loops(m):
    for row in m:
        for j in range(len(row)):
            row[j] = row[j] ** 2
    return m


@program
def elements_are_copies(m):
    for row in m:
        for v in row:
            v *= 0
    return m


@program
def an_element_is_no_view(m):
    v = m[0, 0]
    v += 100
    return [m, v]


@program
def element_with_ellipsis_is_one(m):
    v = m[0, 0, ...]
    v += 100
    return m


# Copies: whatever is written to them is not seen.


@program
def integer_index_copies(m):
    v = m[[0, 2]]
    v *= 100
    return [m, v]


@program
def integer_array_copies(m):
    v = m[:, np.array([1, 0])]
    v[0] = 0
    return [m, v]


@program
def boolean_index_copies(m):
    v = m[np.array([True, False, True])]
    v *= 100
    return [m, v]


@program
def mask_copies(m):
    v = m[np.array(X > 0)]
    v *= 100
    return [m, v]


@program
def take_copies(m):
    v = np.take(m, 0, axis=0)
    v *= 100
    return [m, v]


@program
def copy_copies(m):
    v = m.copy()
    v *= 100
    return [m, v]


@program
def np_copy_copies(m):
    v = np.copy(m[0])
    v *= 100
    return [m, v]


@program
def astype_copies(m):
    v = m.astype(m.dtype)
    v *= 100
    return [m, v]


@program
def a_view_of_a_copy(m):
    v = m.copy()[0]
    v *= 100
    return [m, v]


@program
def positive_copies(m):
    v = +m
    v *= 100
    return [m, v]


@program
def imaginary_part_of_nothing(m):
    v = m[0] + 0
    v[1] = 2
    return [m, v]


@program
def concatenate_copies(m):
    v = np.concatenate([m, m])
    v[0] = 0
    return [m, v]


@program
def diagonal_method_copied(m):
    d = m.diagonal().copy()
    d *= 2
    return [m, d]


@program
def tile_copies(m):
    v = np.tile(m, 2)
    v[0] = 0
    return [m, v]


# Views of views, and what others see.


@program
def view_of_a_view(m):
    m[1:][0][1:][0] = 42
    return m


@program
def view_of_a_view_of_a_view(m):
    a = m.T
    b = a[1:]
    c = b[:, ::-1]
    d = c[0]
    d *= 5
    return [m, a, b, c]


@program
def another_view_sees_it(m):
    row, col = m[0], m[:, 0]
    row *= 3
    return [m, col * 1]


@program
def another_view_made_before(m):
    flat = m.reshape(9)
    m[1] = 0
    return flat


@program
def base_written_view_read(m):
    row = m[0]
    m *= 2
    return [row, m]


@program
def base_element_written_view_read(m):
    row = m[0]
    m[0, 1] = m[2, 2]
    return row * row


@program
def view_written_view_of_it_read(m):
    v = m[1:]
    w = v[0]
    v[0, 0] = 5
    return [w, m]


@program
def siblings(m):
    a, b = m[:2], m[1:]
    a[1] = 7
    b[0, 0] *= 2
    return [a, b, m]


@program
def overlapping_slices(m):
    flat = m.reshape(-1)
    flat[1:] = flat[:-1]
    return m


@program
def overlapping_add(m):
    flat = m.reshape(-1)
    flat[1:] += flat[:-1]
    return m


@program
def running_sum_by_hand(m):
    flat = m.reshape(-1)
    for k in range(1, 9):
        flat[k] += flat[k - 1]
    return m


@program
def reversed_onto_itself(m):
    m[::-1] += m * 2
    return m


@program
def a_result_keeps_its_numbers(m):
    row = m[0]
    old = row * row
    row *= 3
    return [old, m]


@program
def write_between_two_uses(m):
    a = m * 2
    m[0] = a[1]
    b = m * a
    m[:, 1] = b[0]
    return [a, b, m]


@program
def old_view_and_old_result(m):
    col = m[:, 1]
    before = np.sum(col**2)
    m[1] *= 3
    after = np.sum(col**2)
    return [before * after, m]


@program
def view_outlives_the_name(m):
    v = (m * 2)[0]
    v[0] = 5
    return v


@program
def view_of_an_expression(m):
    (m * 2)[0] = 5
    return m


@program
def second_write_wins(m):
    row = m[0]
    row[:] = 1
    m[0] = m[1]
    row[0] = 2
    return m


@program
def assigned_itself(m):
    m[0] = m[0]
    m[:] = m
    return m


@program
def assigned_its_transpose(m):
    m[:] = m.T
    return m


@program
def assigned_a_view_of_itself(m):
    m[:2] = m[1:]
    return m


@program
def every_view_at_once(m):
    a = m.T
    b = m[::-1]
    c = a.reshape(3, 3)[1:]
    m[0, 0] = 10
    a[1, 0] = m[2, 2]
    b[0] *= 2
    c[0, 1] = 3 * a[0, 0]
    return [m, a, b, c]


@program
def view_as_argument(m):
    def scale(v):
        v *= 2

    scale(m[0])
    scale(m.T[0])
    return m


@program
def held_in_a_dict(m):
    layers = {"first": m[0], "second": m[1]}
    for value in layers.values():
        value -= 0.5 * value
    return m


@program
def unpacked_in_a_call(m):
    def f(a, b, c):
        a += b * c

    f(*m)
    return m


# Swaps.


@program
def rows_swapped(m):
    m[[0, 1]] = m[[1, 0]]
    return m


@program
def rows_swapped_of_a_view(m):
    v = m[:, 1:]
    v[[0, 2]] = v[[2, 0]]
    return m


@program
def elements_swapped(m):
    a = m[0]
    a[0], a[1] = a[1], a[0]
    return m


@program
def rows_swapped_by_mistake(m):
    m[0], m[1] = m[1], m[0]
    return m


@program
def rows_swapped_with_a_copy(m):
    m[0], m[1] = m[1].copy(), m[0].copy()
    return m


@program
def columns_swapped(m):
    m[:, [0, 2]] = m[:, [2, 0]]
    return m


@program
def bubble(m):
    a = m.reshape(-1)
    for i in range(8):
        if a[i].real > a[i + 1].real:
            a[i], a[i + 1] = a[i + 1], a[i]
    return m


# In-place operators, chained and on parts.


@program
def chained(m):
    m += 1
    m *= m
    m -= 0.5
    m /= 3
    m **= 2
    return m


@program
def chained_on_a_view(m):
    v = m[1:, 1:]
    v += 1
    v *= v
    v -= 0.5
    v /= 3
    v **= 2
    return m


@program
def matmul_in_place(m):
    m @= m.T
    return m


@program
def matmul_in_place_of_a_view(m):
    v = m[:2, :2]
    v @= v
    return m


@program
def in_place_with_itself(m):
    m += m
    m *= m
    return m


@program
def in_place_with_its_transpose(m):
    m += m.T
    return m


@program
def in_place_with_its_row(m):
    m -= m[0]
    return m


@program
def in_place_with_a_wider_view(m):
    v = m[0]
    v += m[:, 0]
    v *= m[1]
    return m


@program
def alias(m):
    n = m
    n *= 2
    return m


@program
def alias_of_a_view(m):
    v = m[0]
    w = v
    w += 1
    v *= 2
    return [m, v, w]


@program
def item_in_place(m):
    m[0, 0] += 1
    m[0, 0] *= m[0, 0]
    m[1][1] /= 2
    m[2][0] **= 3
    return m


@program
def slice_in_place(m):
    m[:, 1] += m[:, 0]
    m[1:] -= m[:-1]
    m[0] *= 2
    return m


@program
def repeated_indices_add_once(m):
    m[[0, 0, 1]] += 1
    return m


@program
def repeated_indices_multiply(m):
    m[[0, 0, 1]] *= m[[1, 2, 1]]
    return m


@program
def repeated_indices_last_wins(m):
    m[[0, 0, 0]] = m * 2
    return m


@program
def mask_in_place(m):
    m[np.array(X > 0)] *= 2
    return m


@program
def mask_of_itself(m):
    m[m.real > 1] = 0
    return m


@program
def mask_assigned_an_array(m):
    m[np.array(X < 0)] = m[0].copy()  # without the copy, NumPy reads what it has already written
    return m


@program
def mask_of_a_view(m):
    v = m[:2]
    v[np.array(X[:2] < 0)] = 0
    return m


@program
def integer_pairs(m):
    m[[0, 1, 2], [2, 1, 0]] = m[[0, 1, 2], [0, 1, 2]]
    return m


@program
def np_ix(m):
    m[np.ix_([0, 2], [0, 2])] *= 2
    return m


@program
def broadcast_into(m):
    m[:] = m[0]
    return m


@program
def broadcast_a_column_into(m):
    m[:] = m[:, :1] * 2
    return m


@program
def assigned_a_list(m):
    m[1] = [1, 2, 3]
    return m


@program
def assigned_a_list_of_results(m):
    m[1] = [m[0, 0], 2.0, m[2, 2] * 2]
    return m


@program
def zeros_filled_row_by_row(m):
    out = m * 0
    for k in range(3):
        out[k] = m[k] ** (k + 1)
    return out


@program
def zeros_like_filled(m):
    out = np.zeros_like(m)
    for k in range(3):
        out[k] = m[k] ** (k + 1)
    return out


@program
def empty_like_filled(m):
    out = np.empty_like(m)
    out[...] = m * m
    return out


@program
def ones_like_view(m):
    out = np.ones_like(m)
    row = out[0]
    row += m[1]
    return out


# Functions that write.


@program
def out_of_a_ufunc(m):
    np.multiply(m, 2, out=m)
    return m


@program
def out_of_a_ufunc_into_a_view(m):
    np.add(m[0], m[1], out=m[2])
    return m


@program
def out_of_a_reduction(m):
    np.sum(m, axis=0, out=m[0])
    return m


@program
def out_of_cumsum(m):
    np.cumsum(m, axis=0, out=m)
    return m


@program
def out_of_exp(m):
    np.exp(m, out=m)
    return m


@program
def out_of_matmul(m):
    other = m * 1
    np.matmul(m, m, out=other)
    return other


@program
def fill_diagonal(m):
    np.fill_diagonal(m, 2)
    return m


@program
def copyto(m):
    np.copyto(m[0], m[1])
    return m


@program
def fill(m):
    m[0].fill(3)
    return m


@program
def put(m):
    np.put(m, [0, 4], [5, 6])
    return m


@program
def put_along_axis(m):
    np.put_along_axis(m, np.array([[0], [1], [2]]), 9, axis=1)
    return m


@program
def place(m):
    np.place(m, np.array(X > 0), [1, 2])
    return m


@program
def putmask(m):
    np.putmask(m, np.array(X > 0), m * 2)
    return m


@program
def add_at(m):
    np.add.at(m, [0, 0, 1], 1)
    return m


@program
def add_at_a_view(m):
    np.add.at(m[0], [0, 0], m[1, 1])
    return m


@program
def sort_in_place(m):
    m.sort(axis=0)
    return m


@program
def sorted_view(m):
    m[0].sort()
    return m


@program
def flat_item(m):
    m.flat[1] = 5
    return m


@program
def flat_slice(m):
    m.flat[::4] = 1
    return m


@program
def flat_read(m):
    return [sum(v * v for v in m.flat), m]


@program
def diag_of_a_matrix_copies(m):
    try:
        d = np.diag(m)
        d *= 2  # an error in NumPy: the view is not writable
    except (ValueError, TypeError):
        return m
    raise AssertionError("written to a diagonal")


@program
def broadcast_to_is_not_writable(m):
    v = np.broadcast_to(m[0], (3, 3))
    try:
        v[0] = 1
    except (ValueError, RuntimeError):
        return m
    raise AssertionError("written to a broadcast view")


@program
def nditer_writes(m):
    for v in np.nditer(m, op_flags=["readwrite"]):
        v[...] = 2 * v
    return m


@program
def real_setter(m):
    m.real = m.real * 1
    return m * 2


def shape_setter(m):
    v = m * 1
    v.shape = (9,)
    v[0] = 0
    return [m, v]


if VERSION < (2, 5):  # which deprecates it
    program(shape_setter)


@program
def resized(m):
    v = np.resize(m, (2, 2))
    v[0] = 0
    return [m, v]


# Algorithms.


@program
def gauss_elimination(m):
    for k in range(2):
        for i in range(k + 1, 3):
            m[i, k:] -= m[i, k] / m[k, k] * m[k, k:]
    return m


@program
def gram_schmidt(m):
    for k, row in enumerate(m):
        for other in m[:k]:
            row -= np.dot(row, other) * other
        row /= np.sqrt(np.dot(row, row))
    return m


@program
def heat_steps(m):
    for _ in range(3):
        m[1:-1, 1:-1] += 0.1 * (m[:-2, 1:-1] + m[2:, 1:-1] + m[1:-1, :-2] + m[1:-1, 2:] - 4 * m[1:-1, 1:-1])
        m[0] = m[-1]
    return m


@program
def cholesky_by_hand(m):
    a = m @ m.T + 3 * np.eye(3)
    for k in range(3):
        a[k, k] = np.sqrt(a[k, k])
        a[k + 1 :, k] /= a[k, k]
        for j in range(k + 1, 3):
            a[j:, j] -= a[j:, k] * a[j, k]
    return np.tril(a)


@program
def momentum(m):
    velocity, position = m[0], m[1]
    for _ in range(3):
        velocity -= 0.1 * position
        position += velocity
    return m


@program
def horner(m):
    total = m[0] * 0
    for row in m:
        total *= 0.5
        total += row
    return total


@program
def normalised_rows(m):
    for row in m:
        row -= row.mean()
        row /= np.sqrt((row * row).sum())
    return m


@program
def zero_padding(m):
    padded = np.zeros((5, 5), m.dtype) + 0 * np.sum(m)
    padded[1:-1, 1:-1] = m
    inner = padded[1:-1, 1:-1]
    inner *= 2
    return padded


@program
def softmax_in_place(m):
    np.exp(m, out=m)
    m /= m.sum(axis=1, keepdims=True)
    return m


@program
def einsum_view(m):
    v = np.einsum("ij->ji", m)
    v[0] = 1
    return m


@program
def einsum_diagonal(m):
    d = np.einsum("ii->i", m)
    d *= 2
    return m


@program
def permute_then_slice(m):
    v = m.transpose(1, 0)[1:, ::2]
    v *= m[1:, 1:]
    return m


@program
def reshaped_three_ways(m):
    v = m.reshape(1, 3, 3).swapaxes(1, 2)[0, ::-1]
    v[0] = v[1]
    return m


@program
def view_of_empty(m):
    v = m[3:]
    v *= 2
    v[:] = 0
    return m


@program
def broadcast_arrays_read(m):
    a, b = np.broadcast_arrays(m, m[:1] * 1)
    return a * b


@program
def conj_of_a_real_one(m):
    v = np.conj(m)
    v[0] = 1
    return [m, v]


@program
def meshgrid_copies(m):
    a, b = np.meshgrid(m[0], m[1])
    a[0] = 0
    return [m, a, b]


# Made before a write, and read after it: what is a view in NumPy has the new numbers, what is none the old.
# (NumPy 2.0 lacks some of the names.)

READ_AFTERWARDS = {
    "diff of order 0": lambda m: np.diff(m, n=0),
    "fftshift of one": lambda m: np.fft.fftshift(m[:1], axes=0),
    "rot90 by nothing": lambda m: np.rot90(m, 0),
    "rot90 by a half turn": lambda m: np.rot90(m, 2),
    "insert nothing": lambda m: np.insert(m, [], 0, axis=0),
    "delete nothing": lambda m: np.delete(m, [], axis=0),
    "append nothing": lambda m: np.append(m, np.empty((0, 3)), axis=0),
    "real_if_close": lambda m: np.real_if_close(m),
    "nan_to_num": lambda m: np.nan_to_num(m),
    "roll by nothing": lambda m: np.roll(m, 0),
    "tile of more axes": lambda m: np.tile(m, (1, 1, 1)),
    "repeat twice": lambda m: np.repeat(m, 2, axis=0),
    "repeat of one row": lambda m: np.repeat(m[:1], 3, axis=0),
    "tile of one row": lambda m: np.tile(m[:1], (3, 1)),
    "resize of one": lambda m: np.resize(m[:1], (3, 3)),
    "outer with one": lambda m: np.outer(m[0], [1.0]),
    "kron with one": lambda m: np.kron(m, np.ones((1, 1))),
    "cumsum along one": lambda m: np.cumsum(m[:1], axis=0),
    "sum along one": lambda m: np.sum(m[:1], axis=0),
    "max along one": lambda m: np.max(m[:1], axis=0),
    "mean along one": lambda m: np.mean(m[:1], axis=0),
    "sorted one": lambda m: np.sort(m[:1], axis=0),
    "take_along_axis": lambda m: np.take_along_axis(m, np.array([[0], [1], [2]]), axis=1),
    "choose one": lambda m: np.choose(0, [m, m]),
    "where always": lambda m: np.where(True, m, 0),
    "astype": lambda m: m.astype(m.dtype),
    "dsplit": lambda m: np.dsplit(m[None], 3)[1],
    "concatenate of one": lambda m: np.concatenate([m]),
    "hstack of one": lambda m: np.hstack([m]),
    "column_stack of one": lambda m: np.column_stack([m]),
    "meshgrid": lambda m: np.meshgrid(m[0], m[1])[0],
    "meshgrid of one": lambda m: np.meshgrid(m[0])[0],
    "sparse meshgrid": lambda m: np.meshgrid(m[0], m[1], sparse=True)[1],
    "meshgrid without copies": lambda m: np.meshgrid(m[0], m[1], copy=False)[0],
    "apply_over_axes of none": lambda m: np.apply_over_axes(np.sum, m, []),
    "interp": lambda m: m[0] + 0,
    "trace": lambda m: np.trace(m),
    "fix": lambda m: np.positive(m),
    "item of a column": lambda m: m[:, 1:2][1, 0],
    "diagflat": lambda m: np.diagflat(m[0]),
    "diag of a row": lambda m: np.diag(m[0]),
    "vander": lambda m: np.vander(m[0], 2),
    "trim_zeros of nothing": lambda m: np.trim_zeros(m[0]),
    "ix_": lambda m: m[np.ix_([0, 1], [1, 2])],
    "a slice and a list": lambda m: m[:, [0, 1]],
    "a slice and a number": lambda m: m[1:, 0],
    "an array of one index": lambda m: m[np.array(1)],
    "a numpy integer": lambda m: m[np.int64(1)],
    "True": lambda m: m[True],
    "an empty tuple": lambda m: m[()],
    "diag": lambda m: np.diag(m),
    "diagonal": lambda m: np.diagonal(m, 1),
    "diagonal_method": lambda m: m.diagonal(),
    "linalg_diagonal": lambda m: np.linalg.diagonal(m),
    "broadcast_to": lambda m: np.broadcast_to(m[0], (2, 3)),
    "sliding_window_view": lambda m: np.lib.stride_tricks.sliding_window_view(m, 2, axis=0),
    "split": lambda m: np.split(m, 3)[1],
    "array_split": lambda m: np.array_split(m, 2)[0],
    "hsplit": lambda m: np.hsplit(m, 3)[2],
    "einsum_transpose": lambda m: np.einsum("ij->ji", m),
    "einsum_diagonal_read": lambda m: np.einsum("ii->i", m),
    "einsum_implicit": lambda m: np.einsum("ji", m),
    "squeeze_of_a_part": lambda m: np.squeeze(m[:, :1]),
    "atleast_3d_read": lambda m: np.atleast_3d(m),
    "rollaxis": lambda m: np.rollaxis(m, 1),
    "permute_dims": lambda m: np.permute_dims(m, (1, 0)) if hasattr(np, "permute_dims") else m.T,
    "matrix_transpose": lambda m: np.matrix_transpose(m),
    "unstack": lambda m: np.unstack(m)[1] if hasattr(np, "unstack") else m[1],
    "broadcast_arrays_of_a_row": lambda m: np.broadcast_arrays(m[0], np.ones((2, 3)))[0],
    "real_read": lambda m: np.real(m),
    "asarray_of_a_view": lambda m: m[1:][:, 1],
    "reshape_split": lambda m: np.split(m.reshape(-1), [2, 4])[1],
    "rot90_read": lambda m: np.rot90(m),
    "flip_read": lambda m: np.flip(m),
    "ravel_read": lambda m: np.ravel(m),
    "trim_zeros_read": lambda m: np.trim_zeros(m[0]),
    "copy_read": lambda m: np.copy(m),
    "array_read": lambda m: m.copy(),
    "tril_read": lambda m: np.tril(m),
    "roll_read": lambda m: np.roll(m, 1),
    "where_read": lambda m: np.where(m.real > 0, m, 0),
    "take_read": lambda m: m.take([0, 1]),
    "repeat_read": lambda m: np.repeat(m, 1),
    "concatenate_read": lambda m: np.concatenate([m]),
    "stack_read": lambda m: np.stack([m]),
    "mean_read": lambda m: m.mean(axis=0),
    "max_read": lambda m: m.max(axis=0),
    "compress_read": lambda m: np.compress([True, False, True], m, axis=0),
    "delete_read": lambda m: np.delete(m, 0, axis=0),
    "clip_read": lambda m: m * 1,
    "sort_read": lambda m: np.sort(m, axis=0),
    "positive_read": lambda m: np.positive(m),
    "nan_to_num_read": lambda m: m + 0,
    "pad_read": lambda m: np.pad(m, 0),
    "resize_read": lambda m: np.resize(m, (3, 3)),
    "tile_read": lambda m: np.tile(m, 1),
    "astype_read": lambda m: m.astype(m.dtype, copy=False),
    "select_read": lambda m: np.select([m.real > 0], [m]),
    "dstack_read": lambda m: np.dstack([m]),
    "block_read": lambda m: np.block([m]),
    "vstack_read": lambda m: np.vstack([m]),
    "expand_dims_read": lambda m: np.expand_dims(m, (0, 3)),
    "ascontiguous_read": lambda m: m.reshape(3, 3),
    "swapaxes_read": lambda m: np.swapaxes(m, 0, 1),
    "newaxis_read": lambda m: m[:, None, ::-1],
    "triu_read": lambda m: np.triu(m),
    "choose_read": lambda m: np.choose([0, 1, 2], m),
    "getitem_scalar_read": lambda m: m[1, 1],
    "iter_read": lambda m: list(m)[2],
    "fancy_read": lambda m: m[[0, 1]],
    "mask_read": lambda m: m[m.real > 0],
}


def read_afterwards(make):
    def read(m):
        made = make(m)
        m[...] = m * m + 1
        m[0, 0] = m[1, 2]
        return [made * 1, m]

    return read


PROGRAMS |= {f"{name}, made before a write": read_afterwards(make) for name, make in READ_AFTERWARDS.items()}


# name: (kind of error, words of its message)
OUT = NoRuleError, ["out=", "a recorded result is always new"]
AT = NoRuleError, ["np.add.at", "use t[index] = ..."]
MISSING = AttributeError, ["Tensor"]
REFUSED = {
    "assigned_a_list_of_results": (DTypeError, ["Tensor of shape ()", "np.stack([t, u])"]),
    "out_of_a_ufunc": OUT,
    "out_of_a_ufunc_into_a_view": OUT,
    "out_of_a_reduction": OUT,
    "out_of_cumsum": OUT,
    "out_of_exp": OUT,
    "out_of_matmul": OUT,
    "softmax_in_place": OUT,
    "add_at": AT,
    "add_at_a_view": AT,
    "fill": MISSING,
    "sort_in_place": MISSING,
    "sorted_view": MISSING,
    "flat_item": MISSING,
    "flat_slice": MISSING,
    "flat_read": MISSING,
    "real_setter": MISSING,
    "shape_setter": MISSING,
    "nditer_writes": (TypeError, ["Iterator operand is flagged as writeable"]),
}
ANALYTIC = sorted(set(PROGRAMS) - {n for n in PROGRAMS if n.startswith(("real", "conj"))})
EVERY = pytest.mark.parametrize("name", PROGRAMS)


def held(name, run):
    """What `run` returns; where the program is refused, None, after a look at the error."""
    if name not in REFUSED:
        return run()
    kind, words = REFUSED[name]
    with pytest.raises(kind) as caught:
        run()
    assert [word for word in words if word not in str(caught.value)] == []
    return None


def same(ours, theirs):
    ours, theirs = (r if isinstance(r, list) else [r] for r in (ours, theirs))
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        a = a.data if isinstance(a, Tensor) else a
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-13)


def gradient_of(name):
    return oracle.gradient if name in ANALYTIC else oracle.gradient_of_real


@EVERY
def test_the_numbers_of_a_result(name):
    """On something computed from a leaf, which itself stays as it is."""
    f, x = PROGRAMS[name], Tensor(X, requires_grad=True)
    result = held(name, lambda: f(x * 1))
    if result is not None:
        same(result, f(X.copy()))
    np.testing.assert_array_equal(x.data, X)


@EVERY
def test_the_numbers_of_a_constant(name):
    f = PROGRAMS[name]
    result = held(name, lambda: f(Tensor(X)))
    if result is not None:
        same(result, f(X.copy()))


@EVERY
def test_the_numbers_of_a_leaf_where_nothing_is_recorded(name):
    f, x, plain = PROGRAMS[name], Tensor(X, requires_grad=True), X.copy()
    expected = f(plain)
    with no_grad():
        if name == "assigned_a_list_of_results":
            result = f(x)  # there it is NumPy that writes, and no history to lose
        else:
            result = held(name, lambda: f(x))
    if result is not None:
        same(result, expected)
        same(x, plain)
        assert x.is_leaf
        assert x.requires_grad
        (x * x).sum().backward()
        np.testing.assert_allclose(x.grad, 2 * plain, rtol=1e-15)


@EVERY
def test_the_gradient(name):
    """Through `backward` and through `grad`, whose argument is a leaf that the function must copy first."""
    f, x = PROGRAMS[name], Tensor(X, requires_grad=True)
    loss = held(name, lambda: oracle.loss(f(x * 1)))
    if loss is None:
        return
    loss.backward()
    # a matrix of conditions up to 1e2 costs two digits
    digits = 1e-11 if name in ANALYTIC else 1e-8
    np.testing.assert_allclose(x.grad, gradient_of(name)(f, X), rtol=digits, atol=digits)
    np.testing.assert_allclose(grad(lambda v: oracle.loss(f(v * 1)))(X), x.grad, rtol=1e-13, atol=1e-13)


@EVERY
def test_the_second_derivative(name):
    f, direction = PROGRAMS[name], np.cos(np.arange(9.0)).reshape(3, 3)
    found = held(name, lambda: hvp(lambda v: oracle.loss(f(v * 1)), X, direction))
    if found is not None:
        wanted = oracle.second(f, X, direction, gradient_of(name))
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6 * (1 + np.abs(wanted).max()))
