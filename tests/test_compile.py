"""`autograd.compile`: the same numbers as the step, by a program; and as the step is, where none can be."""

import threading
import warnings

import numpy as np
import pytest

import nn
from autograd import Tensor, compile, no_grad, relu, sigmoid, softmax, softplus
from autograd.errors import CompileWarning, GradientError, IndexingError

ROUNDS = 6  # calls after which every step here is a program


def both(make, *calls):
    """The results of a step and of the compiled one, made anew each, for the same calls."""
    eager, compiled = make(), compile(make())
    pairs = [(eager(*args), compiled(*args)) for args in calls]
    assert not compiled.reason
    assert compiled.programs
    return pairs


def same(a, b):
    """Whether two results are equal bit for bit, Tensors as their arrays."""
    if isinstance(a, tuple | list):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    a, b = (x.data if type(x) is Tensor else x for x in (a, b))
    return type(a) is type(b) and np.asarray(a).tobytes() == np.asarray(b).tobytes()


# Functions of arrays


def drawn(*shapes, dtype=float):
    rng = np.random.default_rng(0)
    return [[rng.normal(size=shape).astype(dtype) for shape in shapes] for _ in range(ROUNDS)]


A, B, V, S = (3, 4), (4, 2), (4,), ()
FUNCTIONS = {
    "elementwise": (lambda x: np.tanh(x) * np.exp(-x) / (1 + x**2), [A]),
    "powers": (lambda x: (x**2, x**0.5, x**3, x**-1, abs(x) ** 1.5), [A]),
    "product": (lambda x, y: x @ y, [A, B]),
    "products of vectors": (lambda x, v: (x @ v, v @ v, np.dot(x, v), np.outer(v, v)), [A, V]),
    "broadcasting": (lambda x, v: (x + v, v * x, x - v.mean(), np.maximum(x, v)), [A, V]),
    "reductions": (
        lambda x: (x.sum(), x.mean(axis=0), x.max(axis=1, keepdims=True), x.std(), x.argmax()),
        [A],
    ),
    "views": (lambda x: (x.T, x[1:], x.reshape(-1), x[None], x.T @ x, x[::-1] * x), [A]),
    "views and writing": (lambda x: view_after_write(x), [A]),
    "choosing": (lambda x: (np.where(x > 0, x, 0), np.clip(x, -1, 1), np.sort(x), x[x > 0].sum()), [A]),
    "joining": (lambda x: (np.concatenate([x, x + 1]), np.stack([x, x]), np.split(x, 2, axis=1)), [A]),
    "several outputs": (lambda x: np.linalg.qr(x), [A]),
    "our own": (lambda x: (sigmoid(x), relu(x), softplus(x), softmax(x)), [A]),
    "no axes": (lambda x: (x * 2, np.exp(x), x.reshape(1)), [S]),
    "nothing in it": (lambda x: (x * 2, x.sum(), x.T), [(0, 3)]),
    "structures": (lambda x: {"a": [x + 1, (x, None)], "b": "text", "c": 3}, [A]),
}


def view_after_write(x):
    x = x.copy()
    row, flat = x[0], x.reshape(-1)
    x[0, 1] = 7
    x *= 2
    row += 1
    return row, flat, x


REAL = "choosing", "our own", "reductions", "broadcasting"  # what there is of real numbers alone


@pytest.mark.parametrize(
    ("name", "dtype"),
    [(name, dtype) for name in FUNCTIONS for dtype in ("float64", "float32")]
    + [(name, "complex128") for name in FUNCTIONS if name not in REAL],
)
def test_a_function_of_arrays_gives_the_same_bits(name, dtype):
    function, shapes = FUNCTIONS[name]
    with np.errstate(all="ignore"):
        for expected, actual in both(lambda: function, *drawn(*shapes, dtype=dtype)):
            assert same(expected, actual)


@pytest.mark.parametrize("array", [
    np.asfortranarray(np.ones((3, 4))),
    np.ones((6, 8))[::2, ::2],
    np.broadcast_to(1.0, (3, 4)),
    np.arange(12).reshape(3, 4),
    np.ones((3, 4), bool),
    np.full((3, 4), np.nan),
    np.full((3, 4), 1e300),
], ids=["Fortran", "strided", "read-only", "integers", "booleans", "NaN", "huge"])  # fmt: skip
def test_any_layout_and_values(array):
    def step(x):
        return x * 2.0 + x.T.sum(), x @ np.ones(4)

    for expected, actual in both(lambda: step, *[[array]] * ROUNDS):
        assert same(expected, actual)


def test_another_shape_or_dtype_is_recorded_by_itself():
    compiled = compile(lambda x: (x * 2).sum(axis=0))
    for _ in range(3):
        for x in (np.ones((2, 3)), np.ones((4, 3)), np.ones((2, 3), np.float32)):
            assert same(compiled(x), (x * 2).sum(axis=0))
    assert len(compiled.programs) == 3


def test_results_are_nobody_elses():
    compiled = compile(lambda x: (x + 1, x.T))
    x = np.zeros((2, 2))
    results = [compiled(x) for _ in range(ROUNDS)]
    results[-1][0][:] = 9
    assert [r[0].sum() for r in results] == [4.0] * (ROUNDS - 1) + [36.0]


def test_arguments_by_name_and_in_structures():
    compiled = compile(lambda batch, *, scale=1.0: batch["x"][0] * scale)
    for k in range(ROUNDS):
        assert same(compiled({"x": [np.full(2, 3.0)]}, scale=k + 0.5), np.full(2, 3.0) * (k + 0.5))


def test_an_argument_can_be_a_tensor_and_be_written_to():
    def step(t, x):
        x[0] = 5
        return t * x.sum()

    compiled, x = compile(step), np.zeros(3)
    for _ in range(ROUNDS):
        x[:] = 1
        assert compiled(Tensor([1.0, 2.0]), x).tolist() == [7.0, 14.0]
        assert x.tolist() == [5.0, 1.0, 1.0]


@pytest.mark.filterwarnings("ignore::autograd.errors.CompileWarning")
def test_writing_through_the_views_of_tensors_is_right_whether_it_can_be_compiled_or_not():
    def step(x):
        matrix = Tensor(np.ones((2, 3)), requires_grad=True) * x
        row, column = matrix[0], matrix.T[1]
        row[0] = 5
        column += 1
        matrix.sum().backward()
        return matrix, row, column

    compiled = compile(step)
    for (x,) in drawn((2, 3)):
        expected, actual = step(x), compiled(x)
        assert same(expected, actual)


def test_an_error_is_the_steps_own():
    compiled = compile(lambda x, y: x @ y)
    for _ in range(ROUNDS):
        compiled(np.ones((2, 3)), np.ones((3, 2)))
    with pytest.raises(ValueError, match="matmul"):
        compiled(np.ones((2, 3)), np.ones((2, 3)))
    assert same(compiled(np.ones((2, 3)), np.ones((3, 2))), np.full((2, 2), 3.0))


def test_a_warning_is_the_steps_own():
    compiled = compile(lambda x: 1 / x)
    for _ in range(ROUNDS):
        compiled(np.ones(2))
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        compiled(np.zeros(2))


# Training steps

LAYERS = {
    "dropout, batch norm": lambda: [nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3, rng=1)],
    "sigmoid, layer norm": lambda: [nn.Sigmoid(), nn.LayerNorm(8)],
    "tanh, gelu, softplus": lambda: [nn.Tanh(), nn.GELU(), nn.Softplus()],
}
OPTIMIZERS = {
    "SGD": lambda p: nn.optim.SGD(p, lr=0.1),
    "Nesterov": lambda p: nn.optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=1e-3, nesterov=True),
    "Adam": lambda p: nn.optim.Adam(p, lr=0.01, weight_decay=1e-3),
    "AdamW": lambda p: nn.optim.AdamW(p, amsgrad=True),
    "RMSprop": lambda p: nn.optim.RMSprop(p, centered=True, momentum=0.5),
    "Adagrad": lambda p: nn.optim.Adagrad(p, lr_decay=0.1),
    "Lion": lambda p: nn.optim.Lion(p, weight_decay=0.1),
}


class Training:
    """A small model, its optimizer, and a step on a batch."""

    def __init__(self, layers="dropout, batch norm", optimizer="Adam", loss=nn.MSELoss, dtype=np.float64):
        first, last = nn.Linear(5, 8, rng=0, dtype=dtype), nn.Linear(8, 3, rng=2, dtype=dtype)
        self.model = nn.Sequential(first, *LAYERS[layers](), last)
        self.optimizer = OPTIMIZERS[optimizer](self.model.parameters())
        self.loss = loss()
        self.compiled = compile(self.step)

    def step(self, x, y):
        self.optimizer.zero_grad()
        loss = self.loss(self.model(x), y)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def state(self):
        grads = [p.grad for p in self.model.parameters()]
        return [*self.model.state_dict().values(), *grads, self.optimizer.state_dict()["state"]]


def batches(n, size=16, classes=False):
    rng = np.random.default_rng(7)
    for _ in range(n):
        x = rng.normal(size=(size, 5))
        yield x, rng.integers(0, 3, size) if classes else rng.normal(size=(size, 3))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("layers", LAYERS)
def test_a_training_step_leaves_the_same_bits_behind(layers, optimizer):
    one, other = Training(layers, optimizer), Training(layers, optimizer)
    for x, y in batches(12):
        assert one.step(x, y) == other.compiled(x, y)
    assert not other.compiled.reason
    assert other.compiled.programs
    assert same(one.state(), other.state())


@pytest.mark.parametrize("loss", [nn.CrossEntropyLoss, lambda: nn.CrossEntropyLoss(label_smoothing=0.1)])
def test_classes(loss):
    one, other = Training(loss=loss), Training(loss=loss)
    for x, y in batches(8, classes=True):
        assert one.step(x, y) == other.compiled(x, y)
    assert other.compiled.programs


def test_ten_thousand_steps_are_the_eager_trajectory():
    one, other = Training(), Training()
    for x, y in batches(10_000, size=4):
        assert one.step(x, y) == other.compiled(x, y)
    assert len(other.compiled.programs) == 1
    assert same(one.state(), other.state())


def test_an_epoch_with_a_short_last_batch():
    one, other = Training(), Training()
    for _ in range(3):
        for size in (16, 16, 16, 7):
            for x, y in batches(1, size):
                assert one.step(x, y) == other.compiled(x, y)
    assert len(other.compiled.programs) == 2


def change_mode(t, i):
    t.model.train(i % 4 < 2)


def change_rate(t, i):
    t.optimizer.lr = 0.1 / (1 + i)


def change_option(t, i):
    t.optimizer.param_groups[0]["weight_decay"] = 0.1 * (i // 8)


def freeze(t, i):
    if i == 8:
        t.model[0].weight.requires_grad = False


def load(t, i):
    if i % 8 == 7:
        t.model.load_state_dict({name: array // 2 for name, array in t.model.state_dict().items()})


def load_optimizer(t, i):
    if i == 8:
        t.optimizer.load_state_dict(t.optimizer.state_dict())


def hook(t, i):
    if i == 8:
        t.remove = t.model[0].weight.register_hook(lambda g: g * 0.5)
    if i == 16:
        t.remove()


def forget_gradients(t, i):
    if i % 3 == 0:
        t.model.zero_grad()


def replace(t, i):
    if i == 8:
        t.model[0].weight.data = t.model[0].weight.data * 2


def drop_more(t, i):
    t.model[3].p = 0.1 + 0.1 * (i // 8)


@pytest.mark.parametrize("change", [
    change_mode, change_rate, change_option, freeze, load, load_optimizer, hook, forget_gradients, replace,
    drop_more,
])  # fmt: skip
def test_what_changes_between_steps_is_respected(change):
    one, other = Training(), Training()
    for i, (x, y) in enumerate(batches(24)):
        change(one, i), change(other, i)
        assert one.step(x, y) == other.compiled(x, y)
    assert not other.compiled.reason
    assert same(one.state(), other.state())


def test_a_schedule_needs_no_new_program():
    t = Training(optimizer="SGD")
    schedule = nn.optim.lr_scheduler.ExponentialLR(t.optimizer, 0.99)
    for x, y in batches(30):
        t.compiled(x, y)
        schedule.step()
    assert len(t.compiled.programs) == 1


@pytest.mark.parametrize("clip", [
    lambda p: nn.optim.clip_grad_norm_(p, 0.1),
    lambda p: nn.optim.clip_grad_norm_(p, 1e9),
    lambda p: nn.optim.clip_grad_value_(p, 0.01),
])  # fmt: skip
def test_clipped_gradients(clip):
    def make():
        t = Training()

        def step(x, y):
            t.optimizer.zero_grad()
            t.loss(t.model(x), y).backward()
            clip(t.optimizer.parameters)
            t.optimizer.step()
            return t.state()

        return step

    for expected, actual in both(make, *batches(ROUNDS + 2)):
        assert same(expected, actual)


def test_gradients_that_add_up_and_a_graph_that_is_stale():
    w = Tensor([1.0, 2.0], requires_grad=True)

    def step(x):
        (w * x).sum().backward()

    compiled = compile(step)
    for i in range(1, ROUNDS):
        compiled(np.ones(2))
        assert w.grad.tolist() == [i, i]
    t = Training(optimizer="SGD")
    for x, y in batches(ROUNDS):
        old = t.loss(t.model(x), y)
        t.compiled(x, y)
    with pytest.raises(GradientError, match="changed in place"):
        old.backward()


# What Python does


def test_a_branch_on_a_value_is_guarded():
    def step(x):
        return x * 2 if x.sum() > 0 else x * 3

    compiled = compile(step)
    for sign in (1, 1, 1, -1, -1, -1, 1, -1, 1):
        assert same(compiled(sign * np.ones(2)), step(sign * np.ones(2)))
    assert len(compiled.programs) == 2


def test_draws_before_a_branch_are_drawn_once():
    rng, other = np.random.default_rng(0), np.random.default_rng(0)

    def step(x):
        noise = rng.normal(size=x.shape)
        return x + noise if noise.sum() > 0 else x - noise

    compiled = compile(step)
    for _ in range(40):
        result, noise = compiled(np.zeros(3)), other.normal(size=3)
        assert same(result, noise if noise.sum() > 0 else 0 - noise)
    assert len(compiled.programs) == 2


def test_numbers_that_change_are_read_in_every_step():
    scale, rounds = 2.0, 0

    def step(x):
        nonlocal rounds
        rounds += 1
        return x * scale / rounds if rounds % 3 else x

    compiled = compile(step)
    for i in range(1, 30):
        scale = 2.0 + i // 10
        assert same(compiled(np.ones(2)), np.ones(2) * scale / i if i % 3 else np.ones(2))
    assert rounds == 29
    assert not compiled.reason


def test_arrays_that_are_closed_over_are_read_in_every_step():
    data, batch = np.arange(6.0).reshape(3, 2), np.zeros(2)

    def step():
        return (batch @ batch.T + data[0]).sum() + np.square(data).sum()

    compiled = compile(step)
    for i in range(10):
        batch[:], data[1] = i, i
        assert same(compiled(), step())
    assert compiled.programs
    data = data + 1
    assert same(compiled(), step())


def test_what_a_step_adds_to_a_list():
    log = []

    def step(x):
        log.append((x @ x).item())

    compiled = compile(step)
    for i in range(10):
        compiled(np.full(2, float(i)))
    assert log == [2.0 * i * i for i in range(10)]
    assert compiled.programs


def test_attributes_of_the_users_own_objects():
    class Averager:
        decay = 0.5

        def __init__(self):
            self.mean, self.seen = np.zeros(2), 0

        def __call__(self, x):
            self.seen += 1
            self.mean = self.decay * self.mean + (1 - self.decay) * x
            return self.mean / (1 - self.decay**self.seen)

    one, other = Averager(), Averager()
    compiled = compile(other)
    for i in range(10):
        one.decay = other.decay = 0.5 if i < 6 else 0.25
        assert same(one(np.full(2, float(i))), compiled(np.full(2, float(i))))
    assert same(one.mean, other.mean)
    assert other.seen == 10


ITERATOR = iter([np.ones(2)] * 100)


def reads_a_number(x):
    return float(x.sum())


def makes_a_list(x):
    return x.tolist()


def draws_in_secret(x):
    return x + np.random.rand(2)


def draws_from_random(x):
    import random

    return x * random.random()


def goes_on_an_iterator(x):
    return x + next(ITERATOR)


def asks_for_an_array(x):
    return np.asarray(x) + 1


def is_an_index(x):
    return [1, 2, 3][x.argmax()]


def is_printed(x):
    return f"{x.sum():.3f}"


@pytest.mark.parametrize(("step", "why"), [
    (reads_a_number, "takes a number out"),
    (makes_a_list, "tolist"),
    (draws_in_secret, "np.random.Generator"),
    (draws_from_random, "np.random.Generator"),
    (goes_on_an_iterator, "ITERATOR"),
    (asks_for_an_array, "np.asarray"),
    (is_an_index, "takes a number out"),
    (is_printed, "takes a number out"),
])  # fmt: skip
def test_what_cannot_be_compiled_runs_as_it_is_and_says_why_once(step, why):
    compiled = compile(step)
    with pytest.warns(CompileWarning, match=why):
        first = compiled(np.ones(2))
    with warnings.catch_warnings(action="error"):
        second = compiled(np.ones(2))
    assert type(first) is type(second) is type(step(np.ones(2)))
    assert why in compiled.reason
    assert "not compiled" in compiled.source


def test_a_step_that_is_never_the_same_is_given_up():
    holder = {"name": ""}

    def step(x):
        holder["name"] += "a"
        return x

    compiled = compile(step)
    with pytest.warns(CompileWarning, match="no two calls"):
        _ = [compiled(np.ones(1)) for _ in range(12)]
    assert holder["name"] == 12 * "a"


def test_a_refused_recording_leaves_no_trace():
    t = Training()

    def step(x, y):
        loss = t.step(x, y)
        return float(loss)

    one, compiled = Training(), compile(step)
    with pytest.warns(CompileWarning):
        pairs = [(one.step(x, y), compiled(x, y)) for x, y in batches(4)]
    assert all(a == b for a, b in pairs)
    assert same(one.state(), t.state())


# The surroundings


def test_without_gradients_it_is_the_step_itself():
    t = Training()
    for x, y in batches(ROUNDS):
        t.compiled(x, y)
    with no_grad(), pytest.raises(GradientError):
        t.compiled(x, y)


def test_several_threads():
    compiled = [Training() for _ in range(4)]
    expected = Training()
    for x, y in batches(30):
        expected.step(x, y)

    def work(t):
        for x, y in batches(30):
            t.compiled(x, y)

    threads = [threading.Thread(target=work, args=(t,)) for t in compiled]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert all(same(t.state(), expected.state()) for t in compiled)


def test_several_threads_that_share_a_compiled_function():
    def step(x):
        for _ in range(20):
            x = np.tanh(x) + x
        return x

    compiled = compile(step)
    for _ in range(3):
        compiled(np.ones((200, 200)))
    found = {}

    def work(k):
        found[k] = [compiled(np.full((200, 200), float(k)))[0, 0] for _ in range(10)]

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == {k: [step(np.full((200, 200), float(k)))[0, 0]] * 10 for k in range(4)}


def test_an_interrupt_between_steps_leaves_whole_parameters():
    one, other = Training(), Training()

    def interrupted():
        for i, (x, y) in enumerate(batches(20)):
            other.compiled(x, y)
            if i == 12:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    for x, y in batches(13):
        one.step(x, y)
    assert same(one.state(), other.state())


def test_the_source_is_numpy():
    compiled = compile(lambda x, y: np.tanh(x @ y))
    assert compiled.source.startswith("# not yet")
    for _ in range(3):
        compiled(np.ones((2, 3)), np.ones((3, 2)))
    lines = [line.strip() for line in compiled.source.splitlines()]
    assert "v3 = tanh(b1)" in lines or any(line.startswith("v") and "tanh(" in line for line in lines)
    compile_again = compiled.source
    assert "Tensor" not in compile_again


@pytest.mark.parametrize("step", [None, 3, "step", np.ones(3)])
def test_what_is_no_function_is_refused(step):
    with pytest.raises(TypeError, match="a function"):
        compile(step)


def test_an_embedding():
    rng = np.random.default_rng(0)
    batches = [(rng.integers(0, 10, size=(5, 3)), rng.integers(0, 2, size=5)) for _ in range(5)]
    losses = []
    for compiled in (False, True):
        model = nn.Sequential(nn.Embedding(10, 4, rng=0), nn.Flatten(), nn.Linear(12, 2, rng=0))
        loss, optimizer = nn.CrossEntropyLoss(), nn.optim.Adam(model.parameters(), lr=0.1)

        def step(x, y, model=model, loss=loss, optimizer=optimizer):
            optimizer.zero_grad()
            found = loss(model(x), y)
            found.backward()
            optimizer.step()
            return found.data

        run = compile(step) if compiled else step
        losses.append([float(run(x, y)) for x, y in batches])
        if compiled:
            assert not run.reason
            with pytest.raises(IndexingError):
                run(batches[0][0] + 10, batches[0][1])
    assert losses[0] == losses[1]
