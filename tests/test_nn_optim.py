"""Optimizers: what a step does to the parameters, and what may be optimized."""

import copy

import numpy as np
import pytest

import nn
from autograd import Tensor
from autograd.errors import GradientError
from nn import Parameter
from nn.errors import ArgumentError
from nn.optim import SGD, Adam, AdamW, Lion, RMSprop
from tests import cases_optim as cases
from tests.oracles_optim import REFERENCE, backward, leaves, moved, names


def with_gradient(data, gradient):
    p = Parameter(data)
    p.grad = gradient
    return p


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("lr", [0.1, 1, np.float32(0.5), np.float64(0.25)])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_a_step_subtracts_lr_times_the_gradient_in_place(shape, lr, dtype):
    rng = np.random.default_rng(0)
    data, gradient = rng.normal(size=shape).astype(dtype), rng.normal(size=shape).astype(dtype)
    p = with_gradient(data, gradient)
    array = p.data
    SGD([p], lr).step()
    assert p.data is array
    assert p.dtype == dtype
    np.testing.assert_array_equal(p.data, data - dtype(lr) * gradient)
    np.testing.assert_array_equal(p.grad, gradient)  # the gradient is unchanged


def test_parameters_without_a_gradient_stay():
    p, q = with_gradient([1.0], [1.0]), Parameter([1.0])
    SGD([p, q], lr=0.5).step()
    assert (p.tolist(), q.tolist()) == ([0.5], [1.0])


def test_zero_grad_forgets_the_gradients():
    p, q = with_gradient([1.0], [1.0]), Parameter([1.0])
    SGD([p, q], lr=0.5).zero_grad()
    assert p.grad is None
    assert q.grad is None


def test_the_learning_rate_can_be_changed():
    p = with_gradient([1.0], [1.0])
    optimizer = SGD([p], lr=0.5)
    optimizer.lr = 0.25
    optimizer.step()
    assert (optimizer.lr, p.tolist()) == (0.25, [0.75])
    with pytest.raises(ArgumentError, match="lr"):
        optimizer.lr = -1
    assert optimizer.lr == 0.25


def test_a_generator_of_parameters_is_used_up_once():
    p, q = with_gradient([1.0], [1.0]), with_gradient([2.0], [1.0])
    optimizer = SGD((t for t in (p, q)), lr=0.5)
    optimizer.step()
    optimizer.step()
    assert (p.tolist(), q.tolist()) == ([0.0], [1.0])


def test_a_graph_from_before_the_step_is_stale():
    p = Parameter([1.0, 2.0])
    loss = (p * p).sum()
    loss.backward()
    SGD([p], lr=0.5).step()
    with pytest.raises(GradientError, match="changed in place"):
        loss.backward()


def test_gradients_that_are_tensors_are_followed_too():
    p = Parameter([1.0, 2.0])
    (p * p).sum().backward(create_graph=True)
    SGD([p], lr=0.5).step()
    assert p.tolist() == [0.0, 0.0]
    assert p.is_leaf


LEAF = Parameter([1.0])
BAD = {
    "no parameters": ([], 0.1, "needs parameters"),
    "a used up generator": (iter(()), 0.1, "generator"),
    "a tensor": (Parameter([1.0, 2.0]), 0.1, "not one Tensor"),
    "not an iterable": (nn.Sigmoid(), 0.1, "not one Sigmoid"),
    "a model": (
        nn.Sequential(nn.Linear(1, 1)),
        0.1,
        r"0 is a Linear, not a Tensor: pass model.parameters\(\)",
    ),
    "an array": ([np.ones(2)], 0.1, "0 is a ndarray"),
    "names": (nn.Linear(1, 1).named_parameters(), 0.1, "0 is a tuple"),
    "a constant": ([LEAF, Tensor([[1.0]])], 0.1, r"parameter 1, of shape \(1, 1\), is not a leaf"),
    "a result": ([LEAF * 2], 0.1, "parameter 0, .* is not a leaf"),
    "one twice": ([LEAF, Parameter(1.0), LEAF], 0.1, "parameter 2, .* given twice"),
    "a group without parameters": ([{"lr": 0.1}], 0.1, "needs parameters"),
    "one in two groups": ([{"params": [LEAF]}, {"params": LEAF}], 0.1, "parameter 0, .* given twice"),
    "an unknown option": ([{"params": LEAF, "rate": 1}], 0.1, "SGD has no option 'rate': it has lr, mom"),
    "lr negative": ([LEAF], -0.1, "lr must be a finite number, at least 0, not -0.1"),
    "lr infinite": ([LEAF], float("inf"), "lr must be .* not inf"),
    "lr NaN": ([LEAF], float("nan"), "lr must be .* not nan"),
    "lr text": ([LEAF], "0.1", "lr must be .* not '0.1'"),
    "lr None": ([LEAF], None, "lr must be .* not None"),
}


@pytest.mark.parametrize(("parameters", "lr", "message"), BAD.values(), ids=BAD)
def test_what_cannot_be_optimized_is_refused(parameters, lr, message):
    with pytest.raises(ArgumentError, match=message):
        SGD(parameters, lr)


BAD_OPTIONS = {
    "momentum": (SGD, {"momentum": -0.5}, "momentum must be .* at least 0, not -0.5"),
    "dampening": (SGD, {"dampening": float("nan")}, "dampening must be a finite number, not nan"),
    "weight decay": (SGD, {"weight_decay": -1}, "weight_decay must be"),
    "nesterov without momentum": (SGD, {"nesterov": True}, "nesterov=True needs a momentum above 0"),
    "nesterov, damped": (SGD, {"nesterov": True, "momentum": 0.9, "dampening": 0.1}, "dampening=0.1"),
    "nesterov no bool": (SGD, {"nesterov": "no"}, "needs a momentum"),
    "alpha": (RMSprop, {"alpha": 1}, "alpha must be .* at least 0 and less than 1, not 1"),
    "centered": (RMSprop, {"centered": 1}, "centered must be True or False, not 1"),
    "one beta": (Adam, {"betas": 0.9}, "betas must be two numbers, not 0.9"),
    "three betas": (AdamW, {"betas": (0.9, 0.9, 0.9)}, "betas must be two numbers"),
    "beta": (Lion, {"betas": (0.9, 1.0)}, "betas must be .* less than 1, not 1.0"),
    "eps": (Adam, {"eps": -1e-8}, "eps must be"),
}


@pytest.mark.parametrize(("kind", "options", "message"), BAD_OPTIONS.values(), ids=BAD_OPTIONS)
def test_options_that_cannot_be_meant_are_refused(kind, options, message):
    with pytest.raises(ArgumentError, match=message):
        kind([LEAF], **options)


def test_repr_says_how_many_parameters_how_fast_and_which_options():
    model = nn.Linear(2, 1)
    assert repr(SGD(model.parameters(), lr=0.1)) == "SGD(2 parameters, lr=0.1)"
    assert repr(SGD(model.parameters(), 0.1, momentum=0.9)) == "SGD(2 parameters, lr=0.1, momentum=0.9)"
    assert repr(Lion(model.parameters())) == "Lion(2 parameters, lr=0.0001, betas=(0.9, 0.99))"
    assert repr(Adam([{"params": [p]} for p in model.parameters()])) == "Adam(2 parameters in 2 groups)"


# PyTorch's numbers: see tests/reference/optim.py


def made(i, parameters):
    """The i-th optimizer of the table; optimizers with groups come last."""
    if i < len(cases.OPTIMIZERS):
        name, options = cases.OPTIMIZERS[i]
        return f"optimizer {i}", getattr(nn.optim, name)(parameters, **options)
    i -= len(cases.OPTIMIZERS)
    name, options, *own = cases.GROUPS[i]
    groups = [{"params": [p], **o} for p, o in zip(parameters, own, strict=True)]
    return f"groups {i}", getattr(nn.optim, name)(groups, **options)


TABLE = range(len(cases.OPTIMIZERS) + len(cases.GROUPS))


@pytest.mark.parametrize("i", TABLE, ids=names(cases.OPTIMIZERS + cases.GROUPS))
def test_twenty_steps_and_the_state_are_pytorchs(i):
    parameters = leaves()
    name, optimizer = made(i, parameters)
    np.testing.assert_allclose(moved(parameters, optimizer), REFERENCE[name], rtol=1e-10, atol=1e-12)
    state = {
        f"{name}/{j}/{key}": value
        for j, remembered in optimizer.state_dict()["state"].items()
        for key, value in remembered.items()
    }
    expected = {key: value for key, value in REFERENCE.items() if key.startswith(name + "/")}
    assert state.keys() == expected.keys()
    for key, value in expected.items():
        np.testing.assert_allclose(state[key], value, rtol=1e-10, atol=1e-12, err_msg=key)


def test_the_reference_tells_all_options_apart():
    """An option without effect in the reference would not be tested at all."""
    ends = [
        path[-1]
        for name, path in REFERENCE.items()
        if name.startswith(("optimizer", "groups")) and "/" not in name
    ]
    assert len(ends) == len(TABLE)
    assert min(np.abs(a - b).max() for i, a in enumerate(ends) for b in ends[:i]) > 1e-6


@pytest.mark.parametrize("options", [{}, {"betas": (0.5, 0.8), "weight_decay": 0.3}], ids=["default", "all"])
def test_lion_is_the_papers_algorithm(options):
    """Algorithm 2 of Chen et al., number by number in plain Python."""
    parameters = leaves()
    optimizer = Lion(parameters, lr=0.01, **options)
    (beta1, beta2), decay = options.get("betas", (0.9, 0.99)), options.get("weight_decay", 0.0)
    theta = [float(x) for p in parameters for x in p.data.ravel()]
    m = [0.0] * len(theta)
    for _ in range(cases.STEPS):
        backward(parameters)
        g = [float(x) for p in parameters for x in p.grad.ravel()]
        optimizer.step()
        for i in range(len(theta)):
            c = beta1 * m[i] + (1 - beta1) * g[i]
            theta[i] -= 0.01 * ((c > 0) - (c < 0) + decay * theta[i])
            m[i] = beta2 * m[i] + (1 - beta2) * g[i]
    found = np.concatenate([p.data.ravel() for p in parameters])
    np.testing.assert_allclose(found, theta, rtol=1e-14)


EVERY = [*cases.OPTIMIZERS, ("Lion", {"lr": 0.01, "weight_decay": 0.1})]


def twin(i, parameters):
    name, options = EVERY[i]
    return getattr(nn.optim, name)(parameters, **options)


@pytest.mark.parametrize("i", range(len(EVERY)), ids=names(EVERY))
def test_a_restored_optimizer_goes_on_bit_for_bit(i):
    parameters = leaves()
    optimizer = twin(i, parameters)
    moved(parameters, optimizer, steps=3)
    state, values = optimizer.state_dict(), [p.data.copy() for p in parameters]
    as_it_was = copy.deepcopy(state)
    others = [Parameter(v) for v in values]
    restored = twin(i, others)
    restored.load_state_dict(state)
    path = moved(parameters, optimizer, steps=3)
    np.testing.assert_array_equal(moved(others, restored, steps=3), path)
    np.testing.assert_equal(state, as_it_was)  # neither of them wrote to the state


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("i", range(len(EVERY)), ids=names(EVERY))
def test_float32_stays_float32_in_the_parameter_and_in_the_state(i, dtype):
    parameters = [Parameter(values.astype(dtype)) for values in (cases.W, cases.B)]
    optimizer = twin(i, parameters)
    for _ in range(3):
        for p in parameters:
            p.grad = np.ones_like(p.data)
        optimizer.step()
    assert {p.dtype for p in parameters} == {np.dtype(dtype)}
    arrays = [v for s in optimizer.state.values() for v in s.values() if isinstance(v, np.ndarray)]
    assert all(a.dtype == dtype for a in arrays)
    assert all(np.isfinite(p.data).all() for p in parameters) or dtype == np.float16


@pytest.mark.parametrize("i", range(len(EVERY)), ids=names(EVERY))
def test_zero_dimensional_and_empty_parameters_are_optimized(i):
    parameters = [Parameter(2.0), Parameter(np.zeros((0, 3)))]
    optimizer = twin(i, parameters)
    for _ in range(3):
        (parameters[0] ** 2 + parameters[1].sum()).backward()
        optimizer.step()
        optimizer.zero_grad()
    assert abs(parameters[0].item()) < 2


def test_centered_rmsprop_survives_gradients_that_are_all_alike():
    p = Parameter([1.0])
    optimizer = RMSprop([p], centered=True, alpha=0.3)
    for _ in range(100):  # m^2 then exceeds the mean square by a rounding error
        p.grad = [1 / 3]
        optimizer.step()
        assert np.isfinite(p.data)


def test_options_change_between_steps_and_bad_ones_change_nothing():
    p = with_gradient([1.0], [1.0])
    optimizer = SGD([p], lr=0.5)
    optimizer.param_groups[0]["momentum"] = 0.5
    optimizer.step()
    optimizer.step()
    assert p.tolist() == [1 - 0.5 - 0.75]
    for name, value, message in [("momentum", -1, "at least 0"), ("momentun", 0.9, "no option 'momentun'")]:
        with pytest.raises(ArgumentError, match=message):
            optimizer.param_groups[0][name] = value
    assert optimizer.param_groups[0]["momentum"] == 0.5


def test_groups_are_added_and_have_rates_of_their_own():
    p, q = with_gradient([1.0], [1.0]), with_gradient([1.0], [1.0])
    optimizer = SGD([p], lr=0.5)
    optimizer.add_param_group({"params": [q], "lr": 0.25})
    optimizer.step()
    assert (p.tolist(), q.tolist()) == ([0.5], [0.75])
    with pytest.raises(ArgumentError, match=r"rates of their own, \[0.25, 0.5\]"):
        _ = optimizer.lr
    optimizer.lr = 0.125
    assert optimizer.lr == 0.125
    with pytest.raises(ArgumentError, match="given twice"):
        optimizer.add_param_group({"params": [Parameter(1.0), q]})
    assert len(optimizer.param_groups) == 2
    assert optimizer.parameters == [p, q]


FOREIGN = {
    "of another size": (
        lambda: SGD([Parameter([1.0])], 0.1, momentum=0.9),
        r"groups of \[1\] parameters.*\[2\]",
    ),
    "of another kind": (lambda: Adam(leaves()), "the state has options .*betas.* and SGD has"),
    "of other shapes": (
        lambda: SGD([Parameter(cases.B), Parameter(cases.W)], momentum=0.9),
        "momentum_buffer of parameter 0 has shape",
    ),
}


@pytest.mark.parametrize(("make", "message"), FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_state_is_refused_and_changes_nothing(make, message):
    parameters, foreign = leaves(), make()
    optimizer = SGD(parameters, lr=0.1, momentum=0.9)
    moved(parameters, optimizer, steps=2)
    before = optimizer.state_dict()
    for p in foreign.parameters:
        p.grad = np.ones(p.shape)
    foreign.step()
    with pytest.raises(ArgumentError, match=message):
        optimizer.load_state_dict(foreign.state_dict())
    np.testing.assert_equal(optimizer.state_dict(), before)


def as_of_pytorch(state, **options):
    """A state as PyTorch gives it: with options of its own, and with arrays of its own for all numbers."""
    for group in state["param_groups"]:
        group |= {
            "foreach": None,
            "fused": True,
            "capturable": False,
            "differentiable": False,
            "maximize": False,
        }
        group |= {"param_names": ["w"] * len(group["params"])} | options
    for kept in state["state"].values():
        kept |= {name: Array(value) for name, value in kept.items()}
    return state


class Array:
    """What NumPy can make an array of, and is none, in PyTorch's default dtype."""

    def __init__(self, value):
        self.value = np.asarray(value, np.float32)
        self.shape, self.ndim = self.value.shape, self.value.ndim

    def __array__(self, dtype=None, copy=None):
        return np.array(self.value, dtype)


@pytest.mark.parametrize("i", range(len(EVERY)), ids=names(EVERY))
def test_a_state_of_pytorchs_goes_on_with_the_same_numbers(i):
    decoupled = {"decoupled_weight_decay": EVERY[i][0] == "AdamW"}
    parameters = [Parameter(np.float32(p.data)) for p in leaves()]
    optimizer = twin(i, parameters)
    moved(parameters, optimizer, steps=3)
    others = [Parameter(p.data) for p in parameters]
    restored = twin(i, others)
    restored.load_state_dict(as_of_pytorch(optimizer.state_dict(), **decoupled))
    path = moved(parameters, optimizer, steps=3)
    np.testing.assert_array_equal(moved(others, restored, steps=3), path)
    assert "foreach" not in restored.state_dict()["param_groups"][0]


@pytest.mark.parametrize(
    ("kind", "option"),
    [
        (SGD, {"maximize": True}),
        (Adam, {"decoupled_weight_decay": True}),
        (AdamW, {"decoupled_weight_decay": False}),
    ],
)
def test_options_of_pytorch_that_change_the_numbers_are_refused(kind, option):
    optimizer = kind(leaves(), lr=0.1)
    [(name, value)] = option.items()
    state = as_of_pytorch(optimizer.state_dict(), **option)
    with pytest.raises(ArgumentError, match=f"the state has {name}={value}, and {kind.__name__} has it not"):
        optimizer.load_state_dict(state)


def test_zero_grad_refuses_an_argument_of_pytorchs():
    with pytest.raises(TypeError, match="takes no set_to_none=: gradients are always set to None"):
        SGD(leaves()).zero_grad(set_to_none=True)


SPOILT = {
    "no memory": (lambda s: s.pop("state"), "needs 'state', and this one"),
    "no groups": (lambda s: s.pop("param_groups"), "needs 'param_groups'"),
    "one parameter more": (lambda s: s["state"].update({7: {}}), "has a parameter 7, which is in none"),
}


@pytest.mark.parametrize(("spoil", "message"), SPOILT.values(), ids=SPOILT)
def test_a_spoilt_state_is_refused_and_changes_nothing(spoil, message):
    parameters = leaves()
    optimizer = SGD(parameters, lr=0.1, momentum=0.9)
    moved(parameters, optimizer, steps=2)
    before, state = optimizer.state_dict(), optimizer.state_dict()
    spoil(state)
    with pytest.raises(ArgumentError, match=message):
        optimizer.load_state_dict(state)
    np.testing.assert_equal(optimizer.state_dict(), before)


FOREIGN = {
    "foreach": (SGD, "SGD.. takes no foreach=: a step is computed in one way only: leave it out"),
    "fused": (AdamW, "AdamW.. takes no fused=: a step is computed"),
    "maximize": (Adam, "minimize the negative"),
    "differentiable": (Adam, "create_graph=True"),
    "decoupled_weight_decay": (Adam, "AdamW has it"),
    "foreech": (Adam, "unexpected keyword argument 'foreech'"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_an_option_that_only_pytorch_has_is_refused_with_what_to_write(name):
    kind, message = FOREIGN[name]
    with pytest.raises(TypeError, match=message):
        kind(leaves(), **{name: True})


def test_an_optimizer_of_the_users_may_have_an_option_of_that_name():
    class Ascent(SGD):
        def __init__(self, params, lr, maximize):
            super().__init__(params, lr)
            self.maximize = maximize

    assert Ascent(leaves(), 0.1, maximize=True).maximize
    assert copy.deepcopy(Ascent(leaves(), 0.1, maximize=True)).maximize


def test_an_option_of_pytorchs_in_a_group_is_refused_with_what_to_write():
    with pytest.raises(ArgumentError, match="SGD has no option 'foreach': a step is computed in one way"):
        SGD([{"params": leaves(), "foreach": True}])


def test_a_step_takes_no_closure():
    optimizer = SGD(leaves(), lr=0.1)
    optimizer.step(None)
    with pytest.raises(TypeError, match=r"step\(\) takes no closure: .* loss.backward\(\) before it"):
        optimizer.step(lambda: 1.0)
