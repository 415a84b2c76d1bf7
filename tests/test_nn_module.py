"""Modules: which parameters they have, under which names, and how they print."""

import copy
import gc
import pickle

import numpy as np
import pytest

import nn
from autograd import Tensor
from autograd.errors import AutogradError, DTypeError, GradientError
from nn import Module, Parameter
from nn.errors import StateError


class Scale(Module):
    """A module of the simplest kind."""

    def __init__(self, factor=2.0):
        self.factor = Parameter(factor)

    def forward(self, x, shift=0.0):
        return self.factor * x + shift


class Block(Module):
    """A module with parameters in all possible places."""

    def __init__(self):
        self.first = Scale()
        self.offset = Parameter([0.0, 0.0])
        self.layers = [Scale(), (Scale(), Scale())]
        self.heads = {"left": Scale(), "right": {"deep": Parameter(1.0)}}
        self.constant = Tensor([1.0])
        self.made = self.offset * 2
        self.options = {"depth": 3, "names": ["a", "b"]}
        self.last = Scale()


NAMES_OF_BLOCK = [
    "first.factor",
    "offset",
    "layers.0.factor",
    "layers.1.0.factor",
    "layers.1.1.factor",
    "heads.left.factor",
    "heads.right.deep",
    "last.factor",
]


def names(module):
    return [name for name, _ in module.named_parameters()]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_parameter_is_a_leaf_with_a_copy_of_its_data(dtype):
    data = np.ones(3, dtype)
    p = Parameter(data)
    data[0] = 5
    assert p.is_leaf
    assert p.dtype == dtype
    assert p.tolist() == [1, 1, 1]


@pytest.mark.parametrize("data", [1, [1, 2], [True], [1j], ["a"]])
def test_a_parameter_is_real_and_floating(data):
    with pytest.raises(DTypeError):
        Parameter(data)


def test_calling_a_module_calls_forward_with_all_arguments():
    scale = Scale()
    assert scale(3.0).item() == 6
    assert scale(3.0, 1.0).item() == scale(3.0, shift=1.0).item() == 7


def test_without_forward_the_message_says_what_to_define():
    class Empty(Module):
        pass

    with pytest.raises(TypeError, match=r"Empty has no forward: define `def forward\(self, x\)"):
        Empty()(1.0)


def test_parameters_are_found_in_order_of_assignment():
    block = Block()
    assert names(block) == NAMES_OF_BLOCK
    assert [id(p) for p in block.parameters()] == [id(p) for _, p in block.named_parameters()]


def test_a_shared_parameter_has_its_first_name_only():
    block = Block()
    block.again = block.first
    block.tied = block.last.factor
    assert names(block) == NAMES_OF_BLOCK
    block.first = Scale()  # assigned anew in its old place, so that `again` now names the old one
    assert names(block) == [*NAMES_OF_BLOCK, "again.factor"]


def test_modules_and_containers_that_contain_themselves_are_walked_once():
    scale = Scale()
    scale.parent = scale
    scale.items = [scale]
    scale.items.append(scale.items)
    assert names(scale) == ["factor"]
    assert [name for name, _ in scale.named_modules()] == [""]
    assert repr(scale) == "Scale(\n  (parent): ...\n  (items.0): ...\n)"


def test_a_deep_nest_needs_no_recursion():
    module = outermost = Module()
    for _ in range(5000):
        module.inner = Module()
        module = module.inner
    module.last = Parameter(1.0)
    assert names(outermost) == ["inner." * 5000 + "last"]
    while outermost is not module:  # taken apart from outside, since Python itself would recurse
        outermost = vars(outermost).pop("inner")


def test_a_parameter_that_is_frozen_is_none():
    block = Block()
    block.offset.requires_grad = False
    assert names(block) == [name for name in NAMES_OF_BLOCK if name != "offset"]


def test_named_modules_starts_with_the_module_itself():
    block = Block()
    expected = ["", "first", "layers.0", "layers.1.0", "layers.1.1", "heads.left", "last"]
    found = dict(block.named_modules())
    assert list(found) == expected
    assert found[""] is block
    assert found["layers.1.0"] is block.layers[1][0]


def test_zero_grad_forgets_every_gradient():
    block = Block()
    for p in block.parameters():
        p.grad = np.ones(p.shape)
    block.zero_grad()
    assert [p.grad for p in block.parameters()] == [None] * len(NAMES_OF_BLOCK)


def test_repr_is_indented_as_the_modules_are_nested():
    shared = nn.Sigmoid()
    model = nn.Sequential(nn.Linear(2, 4), shared, nn.Sequential(nn.Linear(4, 1, bias=False), shared))
    assert repr(model) == (
        "Sequential(\n"
        "  (0): Linear(in_features=2, out_features=4, bias=True)\n"
        "  (1): Sigmoid()\n"
        "  (2): Sequential(\n"
        "    (0): Linear(in_features=4, out_features=1, bias=False)\n"
        "    (1): Sigmoid()\n"
        "  )\n"
        ")"
    )
    assert repr(nn.Sequential()) == "Sequential()"


def test_repr_names_the_modules_in_containers():
    block = Block()
    lines = repr(block).splitlines()
    assert lines[0] == "Block("
    assert lines[2:-1] == [
        f"  ({name}): Scale()" for name in ("layers.0", "layers.1.0", "layers.1.1", "heads.left", "last")
    ]


# Training and evaluation, and doing something to all modules


def test_train_and_eval_reach_every_module():
    block = Block()
    assert all(m.training for m in block.modules())
    assert block.eval() is block
    assert not any(m.training for m in block.modules())
    block.layers[0].train()
    assert [m.training for m in block.modules()].count(True) == 1
    assert all(m.training for m in block.train().modules())


def test_apply_reaches_every_module_once():
    block, seen = Block(), []
    block.again = block.first
    assert block.apply(seen.append) is block
    assert seen == [*block.modules()]
    assert len(seen) == len({*map(id, seen)})


# The state

STATE = [*NAMES_OF_BLOCK[:7], "constant", NAMES_OF_BLOCK[7]]


def test_the_state_holds_parameters_and_buffers_but_nothing_made():
    block = Block()
    assert list(block.state_dict()) == STATE
    assert [name for name, _ in block.named_buffers()] == ["constant"]
    assert [b is block.constant for b in block.buffers()] == [True]
    block.offset.requires_grad = False  # frozen, and still in the state
    assert list(block.state_dict()) == STATE


def test_a_state_is_a_copy():
    model = nn.Linear(2, 3, rng=0)
    state, before = model.state_dict(), model.weight.data.copy()
    model.weight.data += 1
    np.testing.assert_array_equal(state["weight"], before)
    model.load_state_dict(state)
    np.testing.assert_array_equal(model.weight.data, before)
    state["weight"] += 1
    np.testing.assert_array_equal(model.weight.data, before)


def test_loading_keeps_the_tensors_their_dtypes_and_their_gradients():
    model = nn.Linear(2, 3, rng=0, dtype=np.float32)
    weight = model.weight
    model(np.ones((1, 2), np.float32)).sum().backward()
    model.load_state_dict(nn.Linear(2, 3, rng=1).state_dict())
    assert model.weight is weight
    assert weight.is_leaf
    assert weight.dtype == weight.grad.dtype == np.float32
    np.testing.assert_allclose(weight.data, nn.Linear(2, 3, rng=1).weight.data, rtol=1e-6)


@pytest.mark.parametrize("convert", [np.asarray, Tensor, np.ndarray.tolist])
def test_a_state_may_be_of_arrays_tensors_and_lists(convert):
    model, other = nn.Linear(2, 3, rng=0), nn.Linear(2, 3, rng=1)
    model.load_state_dict({name: convert(a) for name, a in other.state_dict().items()})
    np.testing.assert_array_equal(model.weight.data, other.weight.data)


def test_a_graph_from_before_the_loading_is_stale():
    model = nn.Linear(2, 1)
    loss = model(np.ones((1, 2))).sum()
    model.load_state_dict(model.state_dict())
    with pytest.raises(GradientError, match="changed in place"):
        loss.backward()


def test_a_shared_tensor_comes_under_all_of_its_names_and_goes_in_by_any():
    model = nn.Sequential(nn.Linear(2, 2, rng=0), nn.Linear(2, 2, rng=1))
    model[1].weight = model[0].weight
    model.items[0].whole = model  # and a module that contains itself
    state = model.state_dict()
    assert list(state) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    for left_out in ("0.weight", "1.weight"):
        model.load_state_dict({k: v + 1 for k, v in state.items() if k != left_out})
        np.testing.assert_array_equal(model[0].weight.data, state["0.weight"] + 1)
    with pytest.raises(StateError, match=r"0\.weight and 1\.weight are one tensor here and differ there"):
        model.load_state_dict(state | {"1.weight": state["1.weight"] + 1})


BAD_STATES = {
    "a name too few": (lambda s: s.pop("0.weight"), r"missing 0\.weight$"),
    "a name too many": (lambda s: s.update(extra=np.ones(1)), r"unexpected extra$"),
    "another shape": (
        lambda s: s.update({"2.bias": np.ones(3)}),
        r"2\.bias has shape \(1,\) here and \(3,\) there",
    ),
    "one that would broadcast": (lambda s: s.update({"0.bias": np.ones(1)}), r"0\.bias has shape \(4,\)"),
    "complex numbers": (
        lambda s: s.update({"0.bias": np.ones(4, complex)}),
        "0.bias is float64 .* complex128",
    ),
    "words": (lambda s: s.update({"0.bias": ["a", "b", "c", "d"]}), "0.bias is float64 here and <U1 there"),
    "floats for a count": (
        lambda s: s.update({"1.num_batches_tracked": np.array(1.0)}),
        "is int64 here and float64",
    ),
    "numbers too large for it": (
        lambda s: s.update({"3.bias": np.array([1e300])}),
        "3.bias is float32 here, and has numbers too large for that there",
    ),
    "lists of different lengths": (lambda s: s.update({"0.bias": [[1], [1, 2]]}), r"and \(2,\) there"),
    "several at once": (
        lambda s: s.update(extra=s.pop("2.bias"), more=1),
        r"unexpected extra; unexpected more; missing 2\.bias",
    ),
}


@pytest.mark.parametrize(("spoil", "message"), BAD_STATES.values(), ids=BAD_STATES)
def test_a_state_that_does_not_fit_changes_nothing(spoil, message):
    layers = nn.Linear(2, 4, rng=0), nn.BatchNorm1d(4), nn.Linear(4, 1, rng=1), nn.Linear(1, 1, dtype="f4")
    model = nn.Sequential(*layers)
    before = model.state_dict()
    state = {name: array + 1 for name, array in before.items()}
    spoil(state)
    with pytest.raises(StateError, match="this state does not fit Sequential: .*" + message):
        model.load_state_dict(state)
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize(
    "state", ["model.safetensors", nn.Linear(2, 3), [1, 2]], ids=["path", "module", "list"]
)
def test_what_is_no_state_is_refused(state):
    with pytest.raises(StateError, match=r"a dict of arrays by name, such as nn.load\(path\), not a"):
        nn.Linear(2, 3).load_state_dict(state)


@pytest.mark.parametrize(
    "use", [Module.state_dict, lambda m: m.load_state_dict({}), lambda m: nn.save(m, "/nowhere")]
)
@pytest.mark.parametrize(
    "modules", [{"a.b": Scale(), "a": nn.ModuleDict({"b": Scale()})}, {1: Scale(), "1": Scale()}]
)
def test_two_tensors_of_one_name_are_not_lost_without_a_word(modules, use):
    with pytest.raises(StateError, match="two tensors of this ModuleDict are named"):
        use(nn.ModuleDict(modules))


def test_modules_in_a_set_are_not_lost_without_a_word():
    block = Scale()
    block.scales, block.words = {1, 2}, {"a"}
    assert names(block) == ["factor"]
    block.scales = {Scale()}
    with pytest.raises(StateError, match=r"a set has no order.*make a list of \{Scale"):
        names(block)


@pytest.mark.parametrize(
    "twin_of", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["copy", "pickle"]
)
def test_a_copy_shares_nothing(twin_of):
    model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Tanh(), nn.Linear(3, 1, rng=1))
    twin = twin_of(model)
    for p, q in zip(model.parameters(), twin.parameters(), strict=True):
        assert p is not q
        assert not np.shares_memory(p.data, q.data)
        np.testing.assert_array_equal(p.data, q.data)


def test_a_training_step_leaves_no_garbage():
    model, x = nn.Sequential(nn.Linear(2, 4), nn.Sigmoid(), nn.Linear(4, 1), nn.Sigmoid()), np.ones((4, 2))
    optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            nn.functional.binary_cross_entropy(model(x), np.ones((4, 1))).backward()
            optimizer.step()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_every_error_of_nn_is_an_error_of_the_library():
    for error in (nn.errors.ArgumentError, StateError):
        assert issubclass(error, AutogradError)
        assert issubclass(error, ValueError)


def test_a_parameter_is_not_lost_to_an_array():
    layer = nn.Linear(2, 3)
    with pytest.raises(TypeError, match="weight of Linear is a parameter, and ndarray is none"):
        layer.weight = np.zeros((3, 2))
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]
    layer.bias = None
    layer.weight = nn.Parameter(np.zeros((3, 2)))
    assert [name for name, _ in layer.named_parameters()] == ["weight"]


ARGUMENTS_OF_PYTORCH = {
    "zero_grad(set_to_none=True)": "zero_grad.. takes no set_to_none=: gradients are always set to None",
    "load_state_dict({}, strict=False)": "load_state_dict.. takes no strict=: every name has to be there",
    "load_state_dict({}, assign=True)": "load_state_dict.. takes no assign=: arrays are written into",
    "zero_grad(sett=1)": "zero_grad.. got an unexpected keyword argument 'sett'",
}


@pytest.mark.parametrize("call", ARGUMENTS_OF_PYTORCH)
def test_arguments_of_pytorch_are_refused_with_what_to_do_here(call):
    with pytest.raises(TypeError, match=ARGUMENTS_OF_PYTORCH[call]):
        eval(f"layer.{call}", {"layer": nn.Linear(2, 3)})


def test_what_the_refusal_of_strict_says_loads_what_there_is():
    model, state = nn.Linear(2, 3, rng=0), {"weight": np.ones((3, 2)), "other": np.ones(1)}
    with pytest.raises(TypeError) as caught:
        model.load_state_dict(state, strict=False)
    exec(str(caught.value).partition("there are, ")[2], {"model": model, "state": state})
    np.testing.assert_array_equal(model.weight.data, state["weight"])
