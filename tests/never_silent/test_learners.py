"""What learners trip over, and what a copy, a file or a hook must not lose."""

import copy
import io
import math
import pickle
import warnings

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, no_grad
from autograd.errors import AutogradError, GradientError, HistoryWarning
from autograd.transforms import grad

W = np.array([[1.5, -0.5], [0.25, 3.0]])


def leaf(values=W, **options):
    return Tensor(values, requires_grad=True, **options)


# `.grad` of what is not a leaf.


def test_the_grad_of_an_intermediate_warns_with_the_remedy():
    w = leaf()
    y = w * 2
    np.sum(y).backward()
    with pytest.warns(HistoryWarning, match=r"retain_grad\(\)") as seen:
        assert y.grad is None
    assert seen[0].filename == __file__


@pytest.mark.parametrize(
    "when", ["before backward", "a view", "the loss", "of a constant", "of a leaf", "under no_grad"]
)
def test_where_the_warning_is_and_is_not(when):
    w = leaf()
    y = w * 2
    if when in ("before backward", "a view", "the loss"):
        t = {"before backward": y, "a view": w[0], "the loss": np.sum(y)}[when]
        with pytest.warns(HistoryWarning, match=r"retain_grad\(\)"):
            assert t.grad is None
        return
    with no_grad():
        quiet = {"of a constant": Tensor(W), "of a leaf": w, "under no_grad": w * 2}[when]
    assert quiet.grad is None  # warnings are errors here


def test_retain_grad():
    w = leaf()
    y = w * 2
    assert y.retain_grad() is None or y.retain_grad() is y
    z = np.sum(y**2)
    z.backward()
    np.testing.assert_array_equal(y.grad, 2 * y.data)
    np.testing.assert_array_equal(w.grad, 4 * y.data)
    z.backward()
    np.testing.assert_array_equal(y.grad, 4 * y.data)
    y.zero_grad()
    assert y.grad is None
    z.backward()
    np.testing.assert_array_equal(y.grad, 2 * y.data)


def test_retain_grad_of_a_leaf_changes_nothing():
    w = leaf()
    w.retain_grad()
    np.sum(w * 2).backward()
    np.testing.assert_array_equal(w.grad, np.full((2, 2), 2.0))


def test_retain_grad_of_a_constant_is_refused():
    with pytest.raises(GradientError, match="require"):
        Tensor(W).retain_grad()
    with no_grad():
        y = leaf() * 2
    with pytest.raises(GradientError, match="require"):
        y.retain_grad()


def test_retain_grad_twice_adds_once():
    w = leaf()
    y = w * 2
    y.retain_grad()
    y.retain_grad()
    np.sum(y * 3).backward()
    np.testing.assert_array_equal(y.grad, np.full((2, 2), 3.0))


def test_retain_grad_of_the_loss():
    loss = np.sum(leaf() * 2)
    loss.retain_grad()
    loss.backward()
    assert loss.grad == 1.0


def test_retain_grad_where_uses_add_up():
    w = leaf()
    y = w * 2
    y.retain_grad()
    np.sum(y * 3 + y * y).backward()
    np.testing.assert_array_equal(y.grad, 3 + 2 * y.data)


def test_retain_grad_through_create_graph():
    w = leaf()
    y = w * 2
    y.retain_grad()
    np.sum(y**3).backward(create_graph=True)
    first = y.grad
    np.testing.assert_array_equal(first.data, 3 * y.data**2)
    w.zero_grad()
    y.zero_grad()
    np.sum(first).backward()
    np.testing.assert_array_equal(w.grad, 2 * 6 * y.data)
    np.testing.assert_array_equal(y.grad, 6 * y.data)


def test_retain_grad_and_a_write_afterwards():
    """`y` is another result after the write; what was retained is what it was when it was asked for."""
    w = leaf()
    y = w * 2
    y.retain_grad()
    first = np.sum(y**2)
    y[0] = 0
    second = np.sum(y**2)
    (first + second).backward()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", HistoryWarning)
            found = y.grad
    except HistoryWarning as warning:
        assert "retain_grad" in str(warning)  # noqa: PT017
        return
    if found is not None:
        np.testing.assert_array_equal(found, 2 * y.data)


def test_retain_grad_of_a_view_and_its_base():
    w = leaf()
    y = w * 2
    v = y[0]
    y.retain_grad()
    v.retain_grad()
    (np.sum(y) + np.sum(v * 3)).backward()
    np.testing.assert_array_equal(v.grad, [3.0, 3.0])
    np.testing.assert_array_equal(y.grad, [[4.0, 4.0], [1.0, 1.0]])


def test_retained_gradients_share_no_memory():
    w = leaf()
    y = w + 0
    z = y + 0
    y.retain_grad()
    z.retain_grad()
    np.sum(z).backward()
    y.grad[:] = 7
    np.testing.assert_array_equal(z.grad, np.ones((2, 2)))
    np.testing.assert_array_equal(w.grad, np.ones((2, 2)))


def test_retain_grad_with_a_hook():
    w = leaf()
    y = w * 2
    y.retain_grad()
    y.register_hook(lambda g: 10 * g)
    np.sum(y).backward()
    np.testing.assert_array_equal(w.grad, np.full((2, 2), 20.0))
    np.testing.assert_array_equal(y.grad, np.full((2, 2), 10.0))


def test_retain_grad_inside_grad():
    kept = []

    def f(x):
        y = x**2
        y.retain_grad()
        kept.append(y)
        return np.sum(y * 3)

    np.testing.assert_array_equal(grad(f)(W), 6 * W)


# Methods, names and keywords.


@pytest.mark.parametrize("name", ["relu", "sigmoid", "softmax"])
def test_methods_of_networks(name):
    x = leaf()
    ours = getattr(x, name)() if name != "softmax" else x.softmax(axis=1)
    function = getattr(autograd, name)
    theirs = function(leaf()) if name != "softmax" else function(leaf(), axis=1)
    np.testing.assert_array_equal(ours.data, theirs.data)
    np.sum(ours * W).backward()
    again = leaf()
    np.sum((function(again) if name != "softmax" else function(again, axis=1)) * W).backward()
    np.testing.assert_array_equal(x.grad, again.grad)


def test_a_name():
    w = leaf(name="weights")
    assert w.name == "weights"
    assert autograd.Graph.of(np.sum(w)).listing().startswith("weights:")
    assert Tensor(W, name="x").name == "x"
    assert Tensor(W).name is None or Tensor(W).name == ""


@pytest.mark.parametrize("keyword", ["require_grad", "grad", "device", "names", "copy", "Name"])
def test_an_unknown_keyword_names_tensor(keyword):
    with pytest.raises(TypeError, match=r"Tensor") as caught:
        Tensor(W, **{keyword: True})
    assert keyword in str(caught.value)
    assert "Array" not in str(caught.value)


@pytest.mark.parametrize("name", [5, b"x", ["x"], object()])
def test_a_name_that_is_no_string_is_refused(name):
    with pytest.raises(TypeError, match="name"):
        Tensor(W, name=name)


def test_a_misspelt_attribute_of_arrays_is_an_error():
    w = leaf()
    for name in ("require_grad", "gradient", "values", "numpy", "cuda"):
        with pytest.raises(AttributeError, match="Tensor"):
            getattr(w, name)
    with pytest.raises(AttributeError):
        w.requires_gard = True


# Copies and files.


def pickled(value, protocol=pickle.HIGHEST_PROTOCOL):
    return pickle.loads(pickle.dumps(value, protocol))


COPIES = {
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
    "pickle": pickled,
    "pickle 2": lambda t: pickled(t, 2),
    "a pickled list": lambda t: pickled([t])[0],
    "a deep-copied dict": lambda t: copy.deepcopy({"t": t})["t"],
}


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("dtype", [float, np.float32, complex])
def test_a_leaf_is_copied_whole(how, dtype):
    w = leaf(W.astype(dtype), name="weights")
    np.sum((w * w).real).backward()
    other = COPIES[how](w)
    assert type(other) is Tensor
    assert (other.name, other.requires_grad, other.is_leaf, other.dtype) == ("weights", True, True, w.dtype)
    np.testing.assert_array_equal(other.data, w.data)
    np.testing.assert_array_equal(other.grad, w.grad)
    if how != "copy":
        assert not np.shares_memory(other.data, w.data)
        assert not np.shares_memory(other.grad, w.grad)
    np.sum((other * other).real).backward()
    np.testing.assert_array_equal(other.grad, 2 * w.grad)


@pytest.mark.parametrize("how", COPIES)
def test_constants_and_leaves_without_a_gradient(how):
    constant = COPIES[how](Tensor(W, name="x"))
    assert (constant.requires_grad, constant.name, constant.grad) == (False, "x", None)
    fresh = COPIES[how](leaf())
    assert (fresh.requires_grad, fresh.grad) == (True, None)
    np.sum(fresh).backward()
    np.testing.assert_array_equal(fresh.grad, np.ones((2, 2)))


@pytest.mark.parametrize("how", COPIES)
def test_a_gradient_that_is_a_tensor(how):
    """After `create_graph=True`: its numbers come along; its history does not, or it is refused."""
    w = leaf()
    np.sum(w**3).backward(create_graph=True)
    try:
        other = COPIES[how](w)
    except AutogradError as error:
        assert "detach" in str(error) or "create_graph" in str(error)  # noqa: PT017
        return
    np.testing.assert_array_equal(getattr(other.grad, "data", other.grad), 3 * W**2)


@pytest.mark.parametrize("how", ["deepcopy", "pickle"])
def test_two_names_for_one_leaf_stay_one(how):
    w = leaf()
    a, b = COPIES[how]([w, w])
    assert a is b


@pytest.mark.parametrize("how", COPIES)
def test_a_result_keeps_its_history_or_says_that_it_does_not(how):
    """A copy of a result that silently is a constant would lose a gradient."""
    w = leaf()
    y = w * 2
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", HistoryWarning)
            other = COPIES[how](y)
    except (AutogradError, HistoryWarning) as error:
        assert "detach" in str(error) or "history" in str(error)  # noqa: PT017
        return
    np.testing.assert_array_equal(other.data, y.data)
    np.sum(other).backward()
    np.testing.assert_array_equal(w.grad, np.full((2, 2), 2.0))


def test_the_method_copy_keeps_the_history():
    w = leaf()
    np.sum(w.copy() * 3).backward()
    np.testing.assert_array_equal(w.grad, np.full((2, 2), 3.0))
    w.zero_grad()
    np.sum(np.copy(w) * 3).backward()
    np.testing.assert_array_equal(w.grad, np.full((2, 2), 3.0))


@pytest.mark.parametrize("how", ["deepcopy", "pickle"])
def test_models_are_copied_with_gradients_and_modes(how):
    model = nn.Sequential(
        nn.Linear(2, 3, rng=0), nn.BatchNorm1d(3), nn.Dropout(0.5, rng=0), nn.Linear(3, 1, rng=1)
    )
    x = np.random.default_rng(0).standard_normal((4, 2))
    np.sum(model(x) ** 2).backward()
    model.eval()
    other = COPIES[how](model)
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        assert type(q) is type(p)
        assert q.requires_grad == p.requires_grad
        np.testing.assert_array_equal(p.data, q.data)
        assert (p.grad is None) == (q.grad is None)
        if p.grad is not None:
            np.testing.assert_array_equal(p.grad, q.grad)
            assert not np.shares_memory(p.grad, q.grad)
    np.testing.assert_array_equal(model(x).data, other(x).data)
    assert not other.training
    assert list(other.state_dict()) == list(model.state_dict())


@pytest.mark.parametrize("how", ["deepcopy", "pickle"])
def test_tied_parameters_stay_tied(how):
    model = nn.Sequential(nn.Linear(2, 2, rng=0), nn.Linear(2, 2, rng=1))
    model[1].weight = model[0].weight
    other = COPIES[how](model)
    assert other[0].weight is other[1].weight
    np.sum(other(W)).backward()
    np.sum(model(W)).backward()
    np.testing.assert_array_equal(other[0].weight.grad, model[0].weight.grad)


@pytest.mark.parametrize("how", ["deepcopy", "pickle"])
@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop"])
def test_a_model_and_its_optimizer_copied_together_go_on_alike(how, name):
    def make():
        model = nn.Linear(2, 1, rng=0)
        return model, getattr(nn.optim, name)(model.parameters(), lr=0.1)

    def step(model, optimizer):
        optimizer.zero_grad()
        np.sum(model(W) ** 2).backward()
        optimizer.step()

    model, optimizer = make()
    for _ in range(3):
        step(model, optimizer)
    other, its = COPIES[how]((model, optimizer))
    for _ in range(3):
        step(model, optimizer)
        step(other, its)
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        np.testing.assert_array_equal(p.data, q.data)


def test_np_save_writes_the_numbers():
    """A file holds no history, and nobody expects one of it."""
    file = io.BytesIO()
    np.save(file, leaf())
    file.seek(0)
    np.testing.assert_array_equal(np.load(file), W)


# The rest of the list.


def test_transpose_of_one_dimension():
    x = leaf([1.0, 2.0, 3.0])
    for f in (
        lambda t: t.transpose(0),
        lambda t: t.transpose(-1),
        lambda t: t.transpose((0,)),
        lambda t: np.transpose(t, [0]),
        lambda t: t.T,
        lambda t: t.transpose(None),
        lambda t: t.transpose(),
    ):
        x.zero_grad()
        np.sum(f(x) * [1.0, 2.0, 3.0]).backward()
        np.testing.assert_array_equal(x.grad, [1.0, 2.0, 3.0])


@pytest.mark.parametrize("digits", [(), (None,), (0,), (1,), (-1,)])
def test_round(digits):
    x = leaf([1.26, -2.5, 13.5])
    y = round(x, *digits)
    np.testing.assert_array_equal(y.data, np.round(x.data, digits[0] or 0) if digits else np.round(x.data))
    np.sum(y * x).backward()
    np.testing.assert_array_equal(x.grad, y.data)  # the derivative of a step is 0


@pytest.mark.parametrize(
    "f",
    [
        np.median,
        np.nanmedian,
        np.max,
        np.min,
        np.std,
        np.var,
        np.prod,
        lambda x: np.quantile(x, 0.3),
        lambda x: np.percentile(x, 60),
        np.ptp,
        np.linalg.norm,
    ],
    ids=["median", "nanmedian", "max", "min", "std", "var", "prod", "quantile", "percentile", "ptp", "norm"],
)
def test_a_nan_among_the_numbers_is_no_zero_gradient(f):
    x = leaf([3.0, np.nan, 1.0, 2.0])
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        y = f(x)
        y.backward()
    if np.isnan(y.data):
        assert np.isnan(x.grad).any()
    else:
        assert np.isfinite(x.grad).all()
        assert x.grad.sum() == pytest.approx(1)


def test_median_of_rows_with_and_without_a_nan():
    x = leaf([[3.0, np.nan, 1.0], [3.0, 1.0, 2.0]])
    y = np.median(x, axis=1)
    y.backward(np.ones(2))
    assert np.isnan(x.grad[0]).any()
    np.testing.assert_array_equal(x.grad[1], [0.0, 0.0, 1.0])


# Hooks, beside all that.


def test_a_hook_sees_the_whole_gradient_once():
    w, seen = leaf(), []
    w.register_hook(lambda g: seen.append(g.copy()))
    (np.sum(w * 2) + np.sum(w * w)).backward()
    assert len(seen) == 1
    np.testing.assert_array_equal(seen[0], 2 + 2 * W)


def test_a_hook_that_writes_to_its_gradient_is_noticed_or_harmless():
    w, v = leaf(), leaf()

    def spoil(g):
        g[:] = 0

    (w + 0).register_hook(lambda g: None)
    y = w + 0
    y.register_hook(spoil)
    try:
        np.sum(y + v).backward()
    except ValueError as error:
        assert "read-only" in str(error)  # noqa: PT017
        return
    np.testing.assert_array_equal(v.grad, np.ones((2, 2)))


@pytest.mark.parametrize(
    "wrong",
    [np.ones(3), "x", np.array([[1, 2], [3, 4]], dtype=object), np.ones((2, 2), complex)],
    ids=["shape", "string", "objects", "complex"],
)
def test_a_hook_that_returns_nonsense_is_refused(wrong):
    w = leaf()
    w.register_hook(lambda g: wrong)
    with pytest.raises(AutogradError, match="hook"):
        np.sum(w * 2).backward()
    assert w.grad is None


def test_a_hook_through_create_graph_is_differentiated():
    w = leaf([2.0])
    y = w**2
    y.register_hook(lambda g: g * w)
    np.sum(y).backward(create_graph=True)
    first = w.grad
    np.testing.assert_array_equal(first.data, [8.0])  # 2w · w
    w.zero_grad()
    np.sum(first).backward()
    np.testing.assert_array_equal(w.grad, [8.0])  # 4w


# `grad` set by hand.


@pytest.mark.parametrize(
    "value",
    [np.ones(3), 1.0, "x", np.ones((2, 2), dtype=complex)],
    ids=["shape", "number", "string", "complex"],
)
def test_a_gradient_set_by_hand_fits_or_is_refused(value):
    w = leaf()
    with pytest.raises((AutogradError, TypeError, ValueError)):
        w.grad = value
    assert w.grad is None


def test_a_gradient_set_by_hand_is_added_to():
    w, g = leaf(), np.ones((2, 2))
    w.grad = g
    np.sum(w * 2).backward()
    np.testing.assert_array_equal(w.grad, np.full((2, 2), 3.0))
    w.grad = None
    assert w.grad is None


def test_math_functions_name_their_own_remedy():
    with pytest.raises(AutogradError, match=r"np\.exp\(t\) for math\.exp\(t\)"):
        grad(lambda x: x * math.exp(x))(1.0)
