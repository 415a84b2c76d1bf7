"""Arrays changed between the forward and the backward pass: the gradient of what was computed, or an error.

Each case builds a loss from a leaf and something that can be changed in place, and gives a function that
changes it.  What is right is the gradient of the same program with the thing left alone.
"""

import tempfile

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, debug, no_grad, op
from autograd.errors import GradientError
from autograd.transforms import checkpoint, vjp

W = np.array([[1.5, -0.5, 2.0], [0.25, 3.0, -1.0], [0.75, 1.25, 0.5]])
B = np.array([[0.5, 2.0, 1.5], [1.0, 0.25, 3.0], [2.5, 0.75, 1.75]])

CASES = {}


def case(name, make, f, change=None):
    """`make()` is the thing, `f(w, thing)` the loss, and `change(thing)` what happens to it."""
    assert name not in CASES
    CASES[name] = (make, f, change or refill)


def refill(thing):
    """Other numbers of the same kind, everywhere."""
    if thing.dtype == bool:
        thing[...] = ~thing
    elif thing.dtype.kind in "iu":
        thing[...] = (thing + 1) % 3
    else:
        thing[...] = thing[::-1] * 2 + 1


def buffer():
    return B.copy()


# Constants beside a leaf, in every operation whose rule looks at them.

for name, f in {
    "multiply": lambda w, b: np.sum(w * b),
    "multiply from the left": lambda w, b: np.sum(b * w),
    "divide": lambda w, b: np.sum(w / b),
    "divide by it": lambda w, b: np.sum(b / w),
    "power": lambda w, b: np.sum(np.abs(w) ** b),
    "power of it": lambda w, b: np.sum(b**w),
    "matmul": lambda w, b: np.sum((w @ b) ** 2),
    "matmul from the left": lambda w, b: np.sum((b @ w) ** 2),
    "dot": lambda w, b: np.sum(np.dot(w, b)),
    "vdot": lambda w, b: np.vdot(w, b),
    "inner": lambda w, b: np.sum(np.inner(w, b)),
    "outer": lambda w, b: np.sum(np.outer(w, b)),
    "kron": lambda w, b: np.sum(np.kron(w, b)),
    "tensordot": lambda w, b: np.tensordot(w, b),
    "einsum": lambda w, b: np.einsum("ij,jk->", w, b),
    "cross": lambda w, b: np.sum(np.cross(w, b)),
    "convolve": lambda w, b: np.sum(np.convolve(w[0], b[0])),
    "correlate": lambda w, b: np.sum(np.correlate(w[0], b[0], "full")),
    "maximum": lambda w, b: np.sum(np.maximum(w, b)),
    "minimum": lambda w, b: np.sum(np.minimum(w, b)),
    "fmax": lambda w, b: np.sum(np.fmax(w, b)),
    "arctan2": lambda w, b: np.sum(np.arctan2(w, b)),
    "hypot": lambda w, b: np.sum(np.hypot(w, b)),
    "logaddexp": lambda w, b: np.sum(np.logaddexp(w, b)),
    "remainder": lambda w, b: np.sum(np.remainder(w, b) * w),
    "copysign": lambda w, b: np.sum(np.copysign(w, b - 1)),
    "squared distance": lambda w, b: np.sum((w - b) ** 2),
    "where": lambda w, b: np.sum(np.where(b > 1, w, w**2)),
    "clip to it": lambda w, b: np.sum(np.clip(w, 0, b)),
    "solve": lambda w, b: np.sum(np.linalg.solve(b + 3 * np.eye(3), w)),
    "solve for it": lambda w, b: np.sum(np.linalg.solve(w + 3 * np.eye(3), b)),
    "interp": lambda w, b: np.sum(np.interp(w[0], [0.0, 1.0, 2.0], b[0])),
    "polyval": lambda w, b: np.sum(np.polyval(b[0], w)),
    "average": lambda w, b: np.average(w, weights=b),
    "a view of it": lambda w, b: np.sum(w[0] * b[1]),
    "its transpose": lambda w, b: np.sum(w * b.T),
    "every other row": lambda w, b: np.sum(w[::2] * b[::2]),
    "its flat shape": lambda w, b: np.sum(w.reshape(-1) * b.reshape(-1)),
    "broadcast": lambda w, b: np.sum(w * b[0]),
    "broadcast_to": lambda w, b: np.sum(w * np.broadcast_to(b[0], (3, 3))),
    "a read-only view": lambda w, b: np.sum(w * np.lib.stride_tricks.as_strided(b, writeable=False)),
    "twice": lambda w, b: np.sum(w * b * b),
    "deep inside": lambda w, b: np.sum(np.tanh(np.exp(-(w**2)) @ np.sin(w * b))),
    "a Tensor of it": lambda w, b: np.sum(w * Tensor(b)),
    "a sum of it with itself": lambda w, b: np.sum(w * (b + b)),
}.items():
    case(f"a constant of {name}", buffer, f)

for dtype in [np.float16, np.float32, np.longdouble, np.complex64, np.complex128]:
    case(f"a constant of {np.dtype(dtype)}", lambda d=dtype: B.astype(d), lambda w, b: np.sum((w * b).real))
for dtype in [np.int8, np.uint8, np.int16, np.uint32, np.int64, np.uint64]:
    case(
        f"a constant of {np.dtype(dtype)}",
        lambda d=dtype: np.arange(9).reshape(3, 3).astype(d),
        lambda w, b: np.sum(w * b),
    )
case("a constant of bool", lambda: B > 1, lambda w, b: np.sum(w * b))
case("a constant of float64, byte-swapped", lambda: B.astype(">f8"), lambda w, b: np.sum(w * b))
case("a constant in Fortran's order", lambda: np.asfortranarray(B), lambda w, b: np.sum(w * b))
case(
    "a constant without dimensions", lambda: np.array(2.0), lambda w, b: np.sum(w * b), lambda b: b.fill(3.0)
)
case("a constant of one element", lambda: np.array([2.0]), lambda w, b: np.sum(w * b), lambda b: b.fill(3.0))
case(
    "a large constant", lambda: np.ones((300, 1000)), lambda w, b: np.sum(w[0, 0] * b), lambda b: b.fill(3.0)
)
case("a subtle change", buffer, lambda w, b: np.sum(w * b), lambda b: np.nextafter(b, 9, out=b))
case("a change to NaN", buffer, lambda w, b: np.sum(w * b), lambda b: b.fill(np.nan))
case("a change of sign", buffer, lambda w, b: np.sum(w * b), lambda b: np.negative(b, out=b))
case("a permutation", buffer, lambda w, b: np.sum(w * b), lambda b: b.sort(axis=0))
case("one element of a few", buffer, lambda w, b: np.sum(w * b), lambda b: b.__setitem__((1, 1), 7))
case("through another view", buffer, lambda w, b: np.sum(w * b), lambda b: b.T.__setitem__(0, 7))
case("through `out`", buffer, lambda w, b: np.sum(w * b), lambda b: np.multiply(b, 2, out=b))
case("by +=", buffer, lambda w, b: np.sum(w * b), lambda b: b.__iadd__(1))
case("by a generator", buffer, lambda w, b: np.sum(w * b), lambda b: np.random.default_rng(0).random(out=b))
case("by shuffling", buffer, lambda w, b: np.sum(w * b), lambda b: np.random.default_rng(0).shuffle(b))

# Indices, masks and other things that say where.

INDEX = [2, 0, 0]


def index():
    return np.array(INDEX)


def mask():
    return B > 1


case("an index", index, lambda w, i: np.sum(w[i] ** 2))
case("an index of a column", index, lambda w, i: np.sum(w[:, i] ** 2))
case("a pair of indices", index, lambda w, i: np.sum(w[i, [0, 1, 2]] ** 2))
case("an index of int8", lambda: np.array(INDEX, np.int8), lambda w, i: np.sum(w[i] ** 2))
case("an index that is a list", lambda: list(INDEX), lambda w, i: np.sum(w[i] ** 2), lambda i: i.reverse())
case(
    "a list of lists",
    lambda: [[0, 1], [2, 2]],
    lambda w, i: np.sum(w[tuple(i)] ** 2),
    lambda i: i[1].__setitem__(0, 0),
)
case("a list that grows", lambda: [0], lambda w, i: np.sum(w[i] ** 2), lambda i: i.append(1))
case("a mask", mask, lambda w, m: np.sum(w[m] ** 2))
case("a mask of rows", lambda: np.array([True, False, True]), lambda w, m: np.sum(w[m] ** 2))
case(
    "a mask of a list",
    lambda: [True, False, True],
    lambda w, m: np.sum(w[m] ** 2),
    lambda m: m.__setitem__(0, False),
)
case(
    "a mask with as many",
    lambda: np.array([True, False, False]),
    lambda w, m: np.sum(w[m] ** 2),
    lambda m: m.__setitem__([0, 1], [False, True]),
)
case("a mask in where", mask, lambda w, m: np.sum(np.where(m, w, w**2)))
case("a mask in select", mask, lambda w, m: np.sum(np.select([m], [w], w**2)))
case("a mask that multiplies", mask, lambda w, m: np.sum(w**2 * m))
case(
    "a mask in compress",
    lambda: np.array([True, False, True]),
    lambda w, m: np.sum(np.compress(m, w, axis=0) ** 2),
)
case("a mask in extract", mask, lambda w, m: np.sum(np.extract(m, w) ** 2))
case("take", index, lambda w, i: np.sum(np.take(w, i, axis=0) ** 2))
case(
    "take_along_axis",
    lambda: np.array([[0, 1, 2], [2, 1, 0]]),
    lambda w, i: np.sum(np.take_along_axis(w, i, axis=0) ** 2),
)
case("choose", index, lambda w, i: np.sum(np.choose(i, [w[0], w[1] ** 2, w[2] ** 3])))
case("repeat", index, lambda w, i: np.sum(np.repeat(w, i, axis=0) ** 2))
case("a written index", index, lambda w, i: _written(w, i))
case("a written mask", mask, lambda w, m: _written(w, m))
case("a written value", buffer, lambda w, b: _assigned(w, b))
case("scattered values", buffer, lambda w, b: np.sum(w * autograd.scatter(b, (np.array([0, 0, 1]),), (3, 3))))
case(
    "pad",
    lambda: [1, 2],
    lambda w, p: np.sum(np.pad(w, [p, p]) * np.arange(36).reshape(6, 6)),
    lambda p: p.reverse(),
)
case("split", lambda: [1, 2], lambda w, s: np.sum(np.split(w, s)[1] ** 2), lambda s: s.__setitem__(0, 0))
case("quantile", lambda: np.array([0.25, 0.5]), lambda w, q: np.sum(np.quantile(w, q)), lambda q: q.fill(0.9))
case("roll", lambda: [1, 2], lambda w, s: np.sum(np.roll(w, s, axis=(0, 1)) * B), lambda s: s.reverse())
case("an axis", lambda: [1, 0], lambda w, s: np.sum(np.transpose(w, s) * B), lambda s: s.reverse())
case("insert", index, lambda w, i: np.sum(np.insert(w, i, 0.0, axis=0) * np.arange(18.0).reshape(6, 3)))
case("delete", lambda: np.array([0, 1]), lambda w, i: np.sum(np.delete(w, i, axis=0) ** 2))
case("a slice's index array in a tuple", index, lambda w, i: np.sum(w[(slice(None), i)] ** 2))


def _written(w, where):
    t = w * 1
    t[where] = t[0, 0] * 2
    return np.sum(t**2)


def _assigned(w, value):
    t = w * 1
    t[0] = value[0]
    return np.sum(w * t)


# Tensors, whose arrays can be changed too.


def both_data(pair):
    refill(pair.data)


case("data of a constant", lambda: Tensor(B), lambda w, t: np.sum(w * t), both_data)
case(
    "data of a detached one",
    lambda: (Tensor(B, requires_grad=True) * 1).detach(),
    lambda w, t: np.sum(w * t),
    both_data,
)
case("a constant by +=", lambda: Tensor(B), lambda w, t: np.sum(w * t), lambda t: t.__iadd__(1))
case("a constant by an index", lambda: Tensor(B), lambda w, t: np.sum(w * t), lambda t: t.__setitem__(0, 1))
case("a constant's view", lambda: Tensor(B), lambda w, t: np.sum(w * t), lambda t: t[0].__setitem__(0, 9))
case("a view of a constant used", lambda: Tensor(B), lambda w, t: np.sum(w * t[0]), lambda t: t.__imul__(2))


def results_data(t):
    """Of what was made on the way, which the rules look at too."""
    t["made"].data[...] = 7.0


def squared_exp(w, kept):
    kept["made"] = np.exp(w)
    return np.sum(kept["made"] ** 2)


def sum_of_exp(w, kept):
    kept["made"] = np.exp(w)
    return np.sum(kept["made"])


def viewed_data(w, kept):
    kept["made"] = (w * 2)[0]
    return np.sum(kept["made"] ** 3)


def leafs_data(w, kept):
    kept["made"] = w
    return np.sum(w**3)


case("data of a result that is used", dict, squared_exp, results_data)
case("data of a result that its own rule uses", dict, sum_of_exp, results_data)
case("data of a view", dict, viewed_data, results_data)
case("data of the leaf", dict, leafs_data, results_data)


# The libraries' own functions.

LABELS = np.array([0, 2, 1])
case("labels of cross_entropy", lambda: LABELS.copy(), lambda w, i: nn.functional.cross_entropy(w, i))
case("targets of mse_loss", buffer, lambda w, b: nn.functional.mse_loss(w, b))
case("targets of l1_loss", buffer, lambda w, b: nn.functional.l1_loss(w, b))
case(
    "targets of binary_cross_entropy",
    lambda: B / 4,
    lambda w, b: nn.functional.binary_cross_entropy(autograd.sigmoid(w), b),
    lambda b: b.fill(0.1),
)
case("indices of an embedding", index, lambda w, i: np.sum(nn.functional.embedding(i, w) ** 2))
case("a batch of linear", buffer, lambda w, b: np.sum(nn.functional.linear(b, w) ** 2))
case(
    "images of conv2d",
    lambda: np.arange(25.0).reshape(1, 1, 5, 5),
    lambda w, b: np.sum(nn.functional.conv2d(b, w.reshape(1, 1, 3, 3)) ** 2),
)
case(
    "an op of one's own",
    buffer,
    lambda w, b: np.sum(op(lambda x, y: x * y, lambda g, y_, x, y: g * y, None)(w, b)),
)
case("weights of scatter", index, lambda w, i: np.sum(autograd.scatter(w, (i,), (3, 3)) * B))


# Memory-mapped files, written by somebody else.


class Mapped:
    """A file of numbers, mapped into memory, and a way to write to it from beside."""

    def __init__(self):
        with tempfile.TemporaryFile() as file:
            file.write(B.tobytes())
            self.array = np.memmap(file, B.dtype, "r", shape=B.shape)
            self.writer = np.memmap(file, B.dtype, "r+", shape=B.shape)

    def write(self):
        self.writer[:] = 7


case("a memory-mapped file", Mapped, lambda w, m: np.sum(w * m.array), Mapped.write)


# Outside of `debug()` nobody looks at the arrays of tensors: their values are changed by operations.
WATCHED = [name for name in CASES if name.startswith("data of")]

HOW = ["outside", "debug around all", "debug around the backward pass", "debug around the forward pass"]


def passes(name, how):
    """The gradient of the case, its thing changed between the passes; and as it should be."""
    make, f, change = CASES[name]
    w, thing = Tensor(W, requires_grad=True), make()
    right = Tensor(W, requires_grad=True)
    f(right, make()).backward()
    forward = debug() if how in (HOW[1], HOW[3]) else NoBlock()
    back = debug() if how in (HOW[1], HOW[2]) else NoBlock()
    with forward:
        loss = f(w, thing)
    change(thing)
    with back:
        try:
            loss.backward()
        except GradientError as error:
            assert w.grad is None
            return str(error), right.grad
    return w.grad, right.grad


class NoBlock:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


@pytest.mark.parametrize(
    ("name", "how"), [(n, h) for n in CASES for h in HOW if n not in WATCHED or h != "outside"]
)
def test_a_changed_array(name, how):
    found, right = passes(name, how)
    if isinstance(found, str):
        assert "changed" in found or "is not what it was" in found, found
        assert ".copy()" in found or "copy" in found, found
        if how == HOW[1]:
            assert "test_refilled.py" in found, found
    else:
        np.testing.assert_allclose(
            found, right, rtol=1e-6 if "float16" in name or "complex64" in name else 1e-14
        )


@pytest.mark.parametrize("name", CASES)
def test_an_array_left_alone_is_not_refused(name):
    make, f, _ = CASES[name]
    w = Tensor(W, requires_grad=True)
    with debug():
        loss = f(w, make())
        loss.backward()
        loss.backward()


# Whole programs.


def test_three_losses_from_one_buffer():
    """The classic: a buffer that each batch is copied into, and one backward pass for all of them."""
    batches = [B, B + 1, B * 2]
    w, buffer, losses = Tensor(W, requires_grad=True), np.empty_like(B), []
    for batch in batches:
        buffer[:] = batch
        losses.append(np.sum((w * buffer) ** 2))
    with pytest.raises(GradientError, match=r"multiply .*\(3, 3\).*changed in place.*copy"):
        sum(losses).backward()
    assert w.grad is None
    losses = [np.sum((w * batch.copy()) ** 2) for batch in batches]
    sum(losses).backward()
    np.testing.assert_allclose(w.grad, sum(2 * W * batch**2 for batch in batches), rtol=1e-15)


def test_a_backward_pass_before_each_refill_is_right():
    w, buffer, expected = Tensor(W, requires_grad=True), np.empty_like(B), 0
    for batch in [B, B + 1, B * 2]:
        buffer[:] = batch
        np.sum((w * buffer) ** 2).backward()
        expected = expected + 2 * W * batch**2
    np.testing.assert_allclose(w.grad, expected, rtol=1e-15)


@pytest.mark.parametrize("value", [0.0, -0.0, 1.0, np.nan, np.inf])
def test_a_buffer_filled_with_the_same_numbers_is_not_refused(value):
    buffer = np.full((3, 3), value)
    w = Tensor(W, requires_grad=True)
    loss = np.sum(np.maximum(w, buffer)[0, :2])
    buffer[:] = np.full((3, 3), value)
    loss.backward()
    assert w.grad is not None


@pytest.mark.parametrize("size", [10, 1_000, 30_000, 1_000_000])
@pytest.mark.parametrize("order", ["C", "F", "strided"])
def test_a_refilled_buffer_of_any_size_is_found(size, order):
    rng = np.random.default_rng(0)
    buffer = rng.standard_normal((size // 5, 5))
    buffer = {"C": buffer, "F": np.asfortranarray(buffer), "strided": np.repeat(buffer, 2, axis=0)[::2]}[
        order
    ]
    w = Tensor(1.0, requires_grad=True)
    loss = np.sum(w * buffer)
    buffer[...] = rng.standard_normal(buffer.shape)
    with pytest.raises(GradientError, match="changed in place"):
        loss.backward()


def test_sparse_changes_are_found_too():
    """Mostly zeros before, and mostly zeros after: of a batch of one-hot rows, say."""
    before, after = np.eye(100)[np.arange(1000) % 7], np.eye(100)[np.arange(1000) % 5 + 20]
    w, buffer = Tensor(1.0, requires_grad=True), before.copy()
    with debug():
        loss = np.sum(w * buffer)
        buffer[:] = after
        with pytest.raises(GradientError, match="changed in place"):
            loss.backward()


@pytest.mark.parametrize("place", [0, 1, 499_999, 999_999])
def test_one_element_of_a_million_is_found_in_debug(place):
    buffer = np.ones(1_000_000)
    w = Tensor(2.0, requires_grad=True)
    with debug():
        loss = np.sum(w * buffer)
        buffer[place] = 1.5
        with pytest.raises(GradientError, match=r"multiply .*line \d+ of .*test_refilled.py: loss = np.sum"):
            loss.backward()
    assert w.grad is None


def test_a_second_backward_pass_looks_again():
    w, buffer = Tensor(W, requires_grad=True), B.copy()
    loss = np.sum(w * buffer)
    loss.backward()
    buffer[:] = 0
    with pytest.raises(GradientError, match="changed in place"):
        loss.backward()
    np.testing.assert_array_equal(w.grad, B)


def test_create_graph_and_a_change_before_the_second_pass():
    w, buffer = Tensor(W, requires_grad=True), B.copy()
    np.sum((w * buffer) ** 2).backward(create_graph=True)
    first = w.grad
    w.zero_grad()
    buffer[:] = 0
    with pytest.raises(GradientError, match="changed in place"):
        np.sum(first**2).backward()


def test_the_pullback_of_vjp_looks_again():
    buffer = B.copy()
    _y, back = vjp(lambda w: np.sum(w * buffer), W)
    np.testing.assert_array_equal(back(1.0)[0], B)
    buffer[:] = 0
    with pytest.raises(GradientError, match="changed in place"):
        back(1.0)


def test_a_checkpoint_that_computes_something_else_the_second_time():
    """What is computed again must be what was computed."""
    buffer, w = B.copy(), Tensor(W, requires_grad=True)
    y = checkpoint(lambda v: np.sum((v * buffer) ** 2))(w)
    buffer[:] = 0
    with pytest.raises(GradientError, match="checkpoint"):
        y.backward()
    assert w.grad is None


def test_a_checkpoint_given_the_buffer_as_an_argument():
    buffer, w = B.copy(), Tensor(W, requires_grad=True)
    y = checkpoint(lambda v, b: np.sum((v * b) ** 2))(w, buffer)
    buffer[:] = 0
    try:
        y.backward()
    except GradientError as error:
        assert "changed" in str(error) or "checkpoint" in str(error)  # noqa: PT017
    else:
        np.testing.assert_allclose(w.grad, 2 * W * B**2, rtol=1e-15)


def test_parameters_moved_between_the_passes():
    """A step of the optimizer between two losses and their backward passes: the graph has the old numbers."""
    w = nn.Parameter(W)
    optimizer = nn.optim.SGD([w], lr=0.1)
    one, two = np.sum(w**2), np.sum(w**3)
    one.backward()
    optimizer.step()
    optimizer.zero_grad()
    with pytest.raises(
        GradientError, match=r"power .*leaf of shape \(3, 3\) .*optimizer.*compute the output again"
    ):
        two.backward()
    assert w.grad is None


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad"])
def test_the_step_of_every_optimizer_is_noticed(name):
    w = nn.Parameter(W)
    optimizer = getattr(nn.optim, name)([w], lr=0.1)
    for _ in range(3):
        loss, later = np.sum(w**2), np.sum(w**3)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with pytest.raises(GradientError, match="optimizer's step"):
            later.backward()


def test_a_leaf_moved_in_place_where_nothing_is_recorded():
    w = Tensor(W, requires_grad=True)
    loss = np.sum(w**2)
    with no_grad():
        w -= 1
        w[0] *= 2
        w.T[1] = 0
    with pytest.raises(GradientError, match="leaf of shape"):
        loss.backward()
    assert w.grad is None


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_leaf_moved_between_two_uses_in_one_graph(create_graph):
    """The first use has the old numbers, and the gradient is that of neither leaf."""
    w = Tensor(W, requires_grad=True)
    first = np.sum(w**2)
    with no_grad():
        w -= 1
    second = np.sum(w**3)
    with pytest.raises(GradientError, match="leaf of shape"):
        (first + second).backward(create_graph=create_graph)
    second.backward()
    np.testing.assert_allclose(w.grad, 3 * (W - 1) ** 2, rtol=1e-15)


def test_a_leaf_moved_where_the_rules_need_not_its_numbers():
    """A sum's derivative is 1 wherever the leaf stands: refused or right."""
    w = Tensor(W, requires_grad=True)
    loss = np.sum(w)
    with no_grad():
        w -= 1
    try:
        loss.backward()
    except GradientError as error:
        assert "leaf of shape" in str(error)  # noqa: PT017
    else:
        np.testing.assert_array_equal(w.grad, np.ones((3, 3)))


def test_a_leaf_moved_in_the_middle_of_a_transformation():
    """The argument is a tensor of its own: what the function does to the outer leaf is another matter."""
    w = Tensor(W, requires_grad=True)
    _y, back = vjp(lambda v: np.sum(v**2), w)
    with no_grad():
        w -= 1
    try:
        found = back(1.0)[0]
    except GradientError as error:
        assert "changed" in str(error)  # noqa: PT017
    else:
        np.testing.assert_allclose(getattr(found, "data", found), 2 * W, rtol=1e-15)


def test_the_array_a_tensor_was_made_of_is_not_the_tensors():
    array = W.copy()
    w = Tensor(array, requires_grad=True)
    loss = np.sum(w**2)
    array[:] = 0
    loss.backward()
    np.testing.assert_array_equal(w.data, W)
    np.testing.assert_array_equal(w.grad, 2 * W)


def test_a_gradient_is_not_the_next_ones():
    """`g = w.grad`, kept and changed: neither the graph nor another leaf sees it."""
    a, b = Tensor(W, requires_grad=True), Tensor(W, requires_grad=True)
    total = np.sum(a + b)
    total.backward()
    a.grad[:] = 7
    np.testing.assert_array_equal(b.grad, np.ones((3, 3)))
    a.zero_grad()
    total.backward()
    np.testing.assert_array_equal(a.grad, np.ones((3, 3)))


def test_the_cotangent_passed_is_copied():
    g = np.ones((3, 3))
    w = Tensor(W, requires_grad=True)
    (w + 0).backward(g)
    g[:] = 9
    np.testing.assert_array_equal(w.grad, np.ones((3, 3)))
    w.backward(g)
    g[:] = 0
    np.testing.assert_array_equal(w.grad, np.full((3, 3), 10.0))


def test_a_loader_that_reuses_its_batch():
    """A generator that fills and yields one array, and losses gathered over it."""

    def batches():
        batch = np.empty((3, 3))
        for k in range(3):
            batch.fill(k + 1)
            yield batch

    w = Tensor(W, requires_grad=True)
    with pytest.raises(GradientError, match="changed in place"):
        np.mean(np.stack([np.sum((batch @ w) ** 2) for batch in batches()])).backward()


def test_a_model_of_nn_whose_inputs_change():
    model = nn.Sequential(nn.Linear(3, 4, rng=0), nn.Tanh(), nn.Linear(4, 1, rng=1))
    x = B.copy()
    loss = np.sum(model(x) ** 2)
    x[:] = 0
    with pytest.raises(GradientError, match="changed in place"):
        loss.backward()
    assert [p.grad for p in model.parameters()] == [None] * 4
